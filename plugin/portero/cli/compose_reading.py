"""Which files are compose files, and how they are to be read. What runs Compose is in compose_file.py.

Apart from it because that takes time to load, and most checks are of other files.
"""

from collections.abc import Mapping
from dataclasses import dataclass

_ENDINGS = (".yaml", ".yml")


@dataclass(frozen=True, slots=True)
class Reading:
    """How compose files are read. `root`: the folder that Compose may read, by default the file's own.

    `variables`: what of the environment Compose sees in its sandbox.
    """

    root: str | None
    variables: Mapping[str, str]
    sandboxed: bool


def is_compose(file: str) -> bool:
    """Whether a file is a compose file, by its name."""
    return file.endswith(_ENDINGS)
