"""How the last look for a policy bundle went: a small file that one process writes, and the plugin's status reads."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from portero.regular_file import read_regular_file
from portero.whole_file import write_whole

# The link in a bundle's folder that leads to the version in force (store.py).
CURRENT = "current"
_NAME = "state.json"
_MODE = 0o644


@dataclass(frozen=True, slots=True)
class BundleState:
    """Times in seconds since 1970, 0 for never. `mark`: of what was fetched; `refused`: whether trust was the fault."""

    mark: str = ""
    group: str = ""
    version: int = 0
    succeeded: float = 0.0
    tried: float = 0.0
    failures: int = 0
    fault: str = ""
    refused: bool = False


def place(folder: Path) -> Path:
    """The file of the state in a bundle's folder."""
    return folder / _NAME


def read(folder: Path) -> BundleState | None:
    """The state; None when no look was ever noted. Raises OSError and ValueError."""
    try:
        document = json.loads(read_regular_file(place(folder)))
    except FileNotFoundError:
        return None
    try:
        return BundleState(**document)
    except TypeError as error:
        raise ValueError(f"{place(folder)}: is not as portero writes it") from error


def write(folder: Path, state: BundleState) -> None:
    """Replace the state in one step. Raises OSError."""
    folder.mkdir(mode=0o755, parents=True, exist_ok=True)
    write_whole(place(folder), json.dumps(asdict(state), indent=2).encode() + b"\n", _MODE)
