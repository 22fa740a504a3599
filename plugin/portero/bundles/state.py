"""How the last pull of a policy bundle went: a small file that `portero bundle pull` writes and status reads."""

from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, cast

from portero.state_file import read_state, write_state

# The link in a bundle's folder that leads to the version in force (store.py).
CURRENT = "current"
_FORMAT = 1
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
    """The state; None when no pull was ever noted. Raises OSError and ValueError."""
    document = read_state(place(folder), _FORMAT)
    if document is None:
        return None
    types = {field.name: type(field.default) for field in fields(BundleState)}
    if {name: type(value) for name, value in document.items()} != types:
        raise ValueError(f"{place(folder)}: is not as portero writes it")
    return BundleState(**cast(dict[str, Any], document))


def write(folder: Path, state: BundleState) -> None:
    """Replace the state in one step. Raises OSError."""
    folder.mkdir(mode=0o755, parents=True, exist_ok=True)
    write_state(place(folder), _FORMAT, asdict(state), _MODE)
