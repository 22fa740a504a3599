"""The decision log: one JSON line a decision, to a file or to standard output.

A line is one write to a descriptor opened for appending, so that lines of several workers never mix (POSIX: O_APPEND
sets the offset and writes as one step).
"""

import errno
import json
import logging
import os
import stat
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Literal

from portero.rotation import is_rotated
from portero.service.log_state import LogState
from portero.service.standard_output import StandardOutput
from portero.threads import start_thread
from portero.types import JSON

STANDARD_OUTPUT = "-"
# When lines are written to the disk: when the kernel does, each second, before each answer.
Sync = Literal["off", "interval", "each"]
_SYNC_EVERY = 1.0
_OWNER_ONLY = 0o600
_LOG = logging.getLogger(__name__)
# json.dumps would make one for each line.
_WRITER = json.JSONEncoder(ensure_ascii=True, separators=(",", ":"))


class DecisionLog:
    """Appends lines to `place`, a file's path or `-`. Opening and writing raise OSError."""

    def __init__(self, place: str, sync: Sync = "off") -> None:
        self.state = LogState()
        self._place = place
        self._sync = sync
        self._lock = threading.Lock()
        self._output = StandardOutput() if place == STANDARD_OUTPUT else None
        self._descriptor = self._open() if self._output is None else self._output.descriptor
        self._unsynced = False
        self.state.torn = self._output is None and not _ends_a_line(place)
        self._check_sync()

    def watch(self) -> None:
        """Once in each process that a fork made."""
        self.state.use_own_slot()
        if self._sync == "interval":
            start_thread("sync", self._sync_often)

    def write(self, line: Mapping[str, JSON]) -> None:
        """Append one line; raises OSError when it could not be written in whole, or an earlier one does not end."""
        data = _WRITER.encode(line).encode() + b"\n"
        try:
            with self._only_writer():
                self._follow_rotation()
                self._append(b"\n" + data if self.state.torn else data)
                if self._sync == "each":
                    os.fdatasync(self._descriptor)
        except OSError:
            self.state.fail()
            raise

    def sync(self) -> None:
        """Write to the disk what is not there yet; a failure counts as a lost line."""
        try:
            with self._only_writer():
                if not self._unsynced:
                    return
                self._unsynced = False
                # Synced without the lock: lines do not wait for the disk.
                descriptor = os.dup(self._descriptor)
            try:
                os.fdatasync(descriptor)
            finally:
                os.close(descriptor)
        except OSError as error:
            self.state.fail()
            _LOG.error("cannot sync the decision log: %s", error.strerror)

    @contextmanager
    def _only_writer(self) -> Iterator[None]:
        """Hold the lock; a file system that hangs stalls the one line that is in it, not those after it."""
        if not self._lock.acquire(blocking=False) and not self._lock.acquire(timeout=self.state.seconds_left()):
            raise TimeoutError(errno.ETIMEDOUT, "an earlier write does not end", self._place)
        self.state.begin()
        try:
            yield
        finally:
            self.state.end()
            self._lock.release()

    def _append(self, data: bytes) -> None:
        """A full disk can take half a line; the next one then starts on a line of its own."""
        write = self._output.write if self._output else partial(os.write, self._descriptor)
        written = write(data)
        self._unsynced = True
        if written:
            self.state.torn = written != len(data)
        if written != len(data):
            why = f"only {written} of {len(data)} bytes of a line were written"
            raise OSError(errno.EIO, why, self._place)

    def _follow_rotation(self) -> None:
        """logrotate moves the file away: the next line goes to a new one of the old name."""
        if self._output is not None or not is_rotated(self._place, self._descriptor):
            return
        left = self._descriptor
        self._descriptor = self._open()
        if self._sync != "off":
            os.fdatasync(left)
        os.close(left)
        self.state.torn = False

    def _open(self) -> int:
        """The file. Nothing is opened that could keep a writer waiting."""
        Path(self._place).parent.mkdir(parents=True, exist_ok=True)
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOCTTY
        try:
            descriptor = os.open(self._place, flags, _OWNER_ONLY)
        except OSError as error:
            if error.errno == errno.ENXIO:  # a pipe without a reader, or a socket
                raise OSError(errno.EINVAL, "is not a regular file", self._place) from error
            raise
        mode = os.fstat(descriptor).st_mode
        if stat.S_ISREG(mode) or stat.S_ISCHR(mode):
            return descriptor
        os.close(descriptor)
        raise OSError(errno.EINVAL, "is not a regular file", self._place)

    def _check_sync(self) -> None:
        try:
            if self._sync != "off":
                os.fdatasync(self._descriptor)
        except OSError as error:
            why = f"PORTERO_LOG_SYNC={self._sync} needs a file, and it cannot be synced ({error.strerror})"
            raise OSError(error.errno, why, self._place) from error

    def _sync_often(self) -> None:
        while True:
            time.sleep(_SYNC_EVERY)
            self.sync()


def _ends_a_line(file: str) -> bool:
    """Whether nothing of a line is left at the end of a file, by a power cut say. Where it cannot be read: no."""
    try:
        descriptor = os.open(file, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        size = os.fstat(descriptor).st_size
        return size == 0 or os.pread(descriptor, 1, size - 1) == b"\n"
    except OSError:
        return False
    finally:
        os.close(descriptor)
