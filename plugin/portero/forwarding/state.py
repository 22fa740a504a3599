"""How forwarding stands: a small file that the agent writes, and the plugin's status reads."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from portero.regular_file import read_regular_file
from portero.whole_file import write_whole

_MODE = 0o644


@dataclass(frozen=True, slots=True)
class ForwardState:
    """`inode`, `offset`, `head`: what was delivered; `succeeded`: seconds since 1970; `gaps`: lines were gone."""

    inode: int = 0
    offset: int = 0
    head: str = ""
    sent: int = 0
    gaps: int = 0
    behind: int = 0
    succeeded: float = 0.0
    failures: int = 0
    fault: str = ""


def read(file: Path) -> ForwardState | None:
    """The state; None before the first time. Raises OSError and ValueError."""
    try:
        return ForwardState(**json.loads(read_regular_file(file)))
    except FileNotFoundError:
        return None
    except TypeError as error:
        raise ValueError(f"{file}: is not as portero writes it") from error


def write(file: Path, state: ForwardState) -> None:
    """Replace the state in one step. Raises OSError."""
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    write_whole(file, json.dumps(asdict(state), indent=2).encode() + b"\n", _MODE)
