"""Reads the decision log as it grows, through rotations, from where it stopped before.

The log is its own spool: while a receiver is away nothing is copied, and what waits is bounded by the log's rotation.
What was rotated away and compressed before it could be read counts as a gap.
"""

import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from portero.rotation import is_rotated

_CHUNK = 1 << 20
_HEAD = 256
_FLAGS = os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOCTTY
# Seconds. A writer that looked at the name just before the file was moved away still writes into it.
_STILL_WRITTEN = 2.0


@dataclass(frozen=True, slots=True)
class Position:
    """In which file, and how far it was read; inode 0: nowhere yet.

    `head`: of the file's first bytes, since another file can have the inode of one that was removed.
    """

    inode: int = 0
    offset: int = 0
    head: str = ""


class LogTail:
    """The lines of `path` from `position` on; `gaps`: how often lines were gone before they could be read."""

    def __init__(self, path: Path, position: Position) -> None:
        self.gaps = 0
        self._path = path
        self._position = position
        self._descriptor = -1

    def read(self) -> tuple[list[bytes], Position]:
        """The next whole lines, and where they end. Raises OSError; FileNotFoundError: there is no log yet."""
        if self._descriptor < 0:
            self._open_at_position()
        while True:
            # Before the file is read: what is written before it is moved away is then in this read or the next.
            rotated = is_rotated(self._path, self._descriptor)
            data = os.pread(self._descriptor, _CHUNK, self._position.offset)
            end = data.rfind(b"\n") + 1
            # Half a line at the end of a file that grows no more, or one longer than any that is written: as it is.
            if not end and data and (rotated or len(data) == _CHUNK):
                end = len(data)
            if end or not rotated:
                offset = self._position.offset + end
                after = Position(self._position.inode, offset, _find_head(self._descriptor, offset))
                return [line for line in data[:end].split(b"\n") if line], after
            if self._was_just_moved():
                return [], self._position
            self._open(self._find_next())

    def _was_just_moved(self) -> bool:
        """Moving a file away changes the time of its inode."""
        found = os.fstat(self._descriptor)
        return abs(time.time() - max(found.st_mtime, found.st_ctime)) < _STILL_WRITTEN

    def take(self, position: Position) -> None:
        """Go on from here."""
        self._position = position

    def count_behind(self) -> int:
        """Bytes of the open file that are still to be read."""
        return os.fstat(self._descriptor).st_size - self._position.offset if self._descriptor >= 0 else 0

    def close(self) -> None:
        """Let go of the file."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def _open_at_position(self) -> None:
        files = [*self._list_files()]
        here = next((path for path in files if self._is_at_position(path)), None)
        if here is not None:
            self._open(here, self._position.offset)
            return
        if self._position.inode:
            self.gaps += 1
            self._open(files[0])
        else:
            self._open(self._path)

    def _is_at_position(self, path: Path) -> bool:
        if path.stat().st_ino != self._position.inode:
            return False
        descriptor = os.open(path, _FLAGS)
        try:
            return self._position.head == _find_head(descriptor, self._position.offset)
        finally:
            os.close(descriptor)

    def _list_files(self) -> Iterator[Path]:
        """The rotated files that are not compressed, oldest first, then the log itself."""
        rotated = [path for path in self._path.parent.glob(f"{self._path.name}.*") if path.suffix[1:].isdigit()]
        yield from sorted(rotated, key=lambda path: -int(path.suffix[1:]))
        yield self._path

    def _find_next(self) -> Path:
        """The file after the one that is open."""
        files = [*self._list_files()]
        own = os.fstat(self._descriptor).st_ino
        place = next((number for number, path in enumerate(files) if path.stat().st_ino == own), None)
        # Compressed or removed meanwhile: it was read to its end, so the oldest of the others follows.
        return files[min(place + 1, len(files) - 1)] if place is not None else files[0]

    def _open(self, path: Path, offset: int = 0) -> None:
        descriptor = os.open(path, _FLAGS)
        self.close()
        self._descriptor = descriptor
        self._position = Position(os.fstat(descriptor).st_ino, offset, _find_head(descriptor, offset))


def _find_head(descriptor: int, offset: int) -> str:
    """Of as much of the first bytes as was read."""
    return sha256(os.pread(descriptor, min(offset, _HEAD), 0)).hexdigest()[:16]
