"""The decision log: one JSON line a decision, to a file or to standard output.

A line is one write to a descriptor opened for appending, so that lines of several workers never mix (POSIX: O_APPEND
sets the offset and writes as one step).
"""

import json
import os
import threading
from collections.abc import Mapping
from pathlib import Path

from portero.rotation import is_rotated
from portero.types import JSON

STANDARD_OUTPUT = "-"
_STANDARD_OUTPUT_DESCRIPTOR = 1
_OWNER_ONLY = 0o600
# json.dumps would make one for each line.
_WRITER = json.JSONEncoder(ensure_ascii=True, separators=(",", ":"))


class DecisionLog:
    """Appends lines to `target`, a file's path or `-`. Opening and writing raise OSError."""

    def __init__(self, target: str) -> None:
        self._target = target
        self._lock = threading.Lock()
        self._descriptor = self._open()
        self._torn = False

    def write(self, line: Mapping[str, JSON]) -> None:
        """Append one line; raises OSError when it could not be written in whole."""
        data = _WRITER.encode(line).encode() + b"\n"
        with self._lock:
            self._follow_rotation()
            self._append(b"\n" + data if self._torn else data)

    def _append(self, data: bytes) -> None:
        """A full disk can take half a line; the next one then starts on a line of its own."""
        written = os.write(self._descriptor, data)
        self._torn = written != len(data)
        if self._torn:
            raise OSError(f"{self._target}: only {written} of {len(data)} bytes of a line were written")

    def _follow_rotation(self) -> None:
        """logrotate moves the file away: the next line goes to a new one of the old name."""
        if self._target == STANDARD_OUTPUT or not is_rotated(self._target, self._descriptor):
            return
        left = self._descriptor
        self._descriptor = self._open()
        os.close(left)
        self._torn = False

    def _open(self) -> int:
        if self._target == STANDARD_OUTPUT:
            return _STANDARD_OUTPUT_DESCRIPTOR
        Path(self._target).parent.mkdir(parents=True, exist_ok=True)
        return os.open(self._target, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, _OWNER_ONLY)
