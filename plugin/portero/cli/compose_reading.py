"""Which files are compose files, and how they are to be read. What runs Compose is in compose_file.py.

Apart from it because that takes time to load, and most checks are of other files.
"""

from collections.abc import Mapping
from dataclasses import dataclass

_ENDINGS = (".yaml", ".yml")


@dataclass(frozen=True, slots=True)
class Reading:
    """How compose files are read. `root`: the folder that Compose may read, by default the file's own.

    `variables`: what of the environment Compose sees in its sandbox. `env_files`, `profiles`: as Compose takes them.
    `knows_daemon`: whether the daemon's configuration is at hand, on which BuildKit depends.
    """

    root: str | None
    variables: Mapping[str, str]
    sandboxed: bool
    env_files: tuple[str, ...] = ()
    profiles: tuple[str, ...] = ("*",)
    knows_daemon: bool = True


def is_compose(file: str) -> bool:
    """Whether a file is a compose file, by its name."""
    return file.endswith(_ENDINGS)


def is_yaml(data: bytes) -> bool:
    """Whether standard input is a compose file: it is no JSON, and its first line is none either."""
    first = next((line for line in data.splitlines() if line.strip()), b"")
    return bool(first) and not first.lstrip().startswith((b"{", b"["))
