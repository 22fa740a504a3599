"""Writes the recording: lines to a file that never takes more room than it may.

When half of the room is used, the file is moved to FILE.1, over the one before it. A recording that cannot be written
is reported on standard error and changes no decision.
"""

import errno
import logging
import os
import stat
from io import FileIO
from pathlib import Path

from portero.decision import Decision
from portero.files.locks import is_rotated, wait_for_lock
from portero.recording.recorded_line import written
from portero.values.errors import LoadError

_LOG = logging.getLogger(__name__)
_OWNER_ONLY = 0o600


def open_recorder(file: Path, room: int) -> "Recorder":
    """The recorder of PORTERO_RECORD and PORTERO_RECORD_MAX; raises LoadError."""
    try:
        return Recorder(file, room)
    except OSError as error:
        raise LoadError([f"PORTERO_RECORD: {file}: {error.strerror}; name a file that can be written"]) from error


class Recorder:
    """Appends to `file`; it and the file before it take up to `room` bytes."""

    def __init__(self, file: Path, room: int) -> None:
        """Raises OSError when the file cannot be opened."""
        self._file = file
        self._most = room // 2
        self._failing = False
        file.parent.mkdir(parents=True, exist_ok=True)
        with self._open() as opened:
            # A file that was there before may be readable by all.
            os.fchmod(opened.fileno(), _OWNER_ONLY)

    def record(self, data: bytes, decision: Decision) -> None:
        """Append one request of dockerd and what was decided."""
        line = written(data, decision, self._most)
        try:
            self._append(line)
        except OSError as error:
            self._say(error)
            return
        self._failing = False

    def _append(self, line: bytes) -> None:
        with self._locked() as opened:
            if os.fstat(opened.fileno()).st_size + len(line) <= self._most:
                return _write(opened, line)
            os.replace(self._file, self._file.with_name(self._file.name + ".1"))
        with self._locked() as opened:
            return _write(opened, line)

    def _locked(self) -> FileIO:
        """The file, held by us alone. Threads meet here, so each opens it anew: locks go by opening."""
        while True:
            opened = self._open()
            wait_for_lock(opened.fileno())
            if not is_rotated(self._file, opened.fileno()):
                return opened
            opened.close()

    def _open(self) -> FileIO:
        # No link: another user may have planted it. No waiting: a pipe or a device is no recording.
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY
        try:
            opened = FileIO(os.open(self._file, flags, _OWNER_ONLY), "ab")
        except OSError as error:
            if error.errno == errno.ENXIO:  # a pipe without a reader, or a socket
                raise self._no_file() from error
            raise
        if stat.S_ISREG(os.fstat(opened.fileno()).st_mode):
            return opened
        opened.close()
        raise self._no_file()

    def _no_file(self) -> OSError:
        return OSError(errno.EINVAL, "is not a regular file", str(self._file))

    def _say(self, error: OSError) -> None:
        if not self._failing:
            _LOG.warning("%s: cannot record requests: %s", self._file, error.strerror)
        self._failing = True


def _write(opened: FileIO, line: bytes) -> None:
    """A full disk can take part of a line, which is then taken back."""
    size = os.fstat(opened.fileno()).st_size
    if os.write(opened.fileno(), line) != len(line):
        opened.truncate(size)
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
