"""Steps the clock of processes that were started with it (stepped/sitecustomize.py)."""

import struct
from pathlib import Path

STEPPED = Path(__file__).with_name("stepped")
YEAR = 365 * 86_400.0


class Clock:
    """The clock of the processes that have `environ` in their environment."""

    def __init__(self, file: Path) -> None:
        self._file = file
        file.write_bytes(struct.pack("d", 0.0))

    def environ(self, path: str, file: str = "") -> dict[str, str]:
        """`path`: the PYTHONPATH that they need otherwise; `file`: how they name the clock's file."""
        return {"CLOCK_FILE": file or str(self._file), "PYTHONPATH": f"{STEPPED}:{path}"}

    def step(self, seconds: float) -> None:
        """So far from the true time, at once."""
        with self._file.open("r+b") as file:
            file.write(struct.pack("d", seconds))
