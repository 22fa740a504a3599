"""Writes recorded requests to a file of limited size.

At half of the limit the file is moved to FILE.1 and replaces it. A failure to write is reported on standard error and
changes no decision.
"""

import errno
import logging
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from io import FileIO
from pathlib import Path

from portero.decide.decision import Decision
from portero.decide.interfaces.host_notes import HostNotes
from portero.decide.values.errors import LoadError
from portero.observe.files.locks import is_rotated, wait_for_lock
from portero.observe.files.whole_files import is_there, try_to_make
from portero.tools.recording.recorded_line import make_record

_LOG = logging.getLogger(__name__)
_OWNER_ONLY = 0o600


def open_recorder(file: Path, max_bytes: int) -> "Recorder":
    """The recorder of PORTERO_RECORD and PORTERO_RECORD_MAX; raises LoadError."""
    with _explain_errors(file):
        return Recorder(file, max_bytes)


def check_recorder(file: Path) -> None:
    """Whether requests could be recorded there; raises LoadError. Nothing is changed."""
    with _explain_errors(file):
        if is_there(file):
            _open_file(file).close()
        else:
            try_to_make(file)


@contextmanager
def _explain_errors(file: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise LoadError([f"PORTERO_RECORD: {file}: {error.strerror}; name a file that can be written"]) from error


class Recorder:
    """Appends to `file`; this file and FILE.1 take at most `max_bytes` together."""

    def __init__(self, file: Path, max_bytes: int) -> None:
        """Raises OSError when the file cannot be opened."""
        self._file = file
        self._max_bytes = max_bytes // 2
        self._failing = False
        file.parent.mkdir(parents=True, exist_ok=True)
        with _open_file(self._file) as opened:
            # A file that was there before may be readable by all.
            os.fchmod(opened.fileno(), _OWNER_ONLY)

    def record(self, data: bytes, decision: Decision, notes: HostNotes | None = None) -> None:
        """Append one request of dockerd, the decision on it, and what it was made by."""
        line = make_record(data, decision, self._max_bytes, notes)
        try:
            self._append(line)
        except OSError as error:
            if not self._failing:
                _LOG.warning("%s: cannot record requests: %s", self._file, error.strerror)
            self._failing = True
        else:
            self._failing = False

    def _append(self, line: bytes) -> None:
        with self._open_locked() as opened:
            if os.fstat(opened.fileno()).st_size + len(line) <= self._max_bytes:
                return _write_line(opened, line)
            os.replace(self._file, self._file.with_name(self._file.name + ".1"))
        with self._open_locked() as opened:
            return _write_line(opened, line)

    def _open_locked(self) -> FileIO:
        """The file with an exclusive lock. A lock belongs to an open file, so each thread opens the file anew."""
        while True:
            opened = _open_file(self._file)
            wait_for_lock(opened.fileno())
            if not is_rotated(self._file, opened.fileno()):
                return opened
            opened.close()


def _open_file(file: Path) -> FileIO:
    # No link: another user may have planted it. No waiting: a pipe or a device is not a recording.
    flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY
    try:
        opened = FileIO(os.open(file, flags, _OWNER_ONLY), "ab")
    except OSError as error:
        if error.errno != errno.ENXIO:  # a pipe without a reader, or a socket
            raise
    else:
        if stat.S_ISREG(os.fstat(opened.fileno()).st_mode):
            return opened
        opened.close()
    raise OSError(errno.EINVAL, "is not a regular file", str(file))


def _write_line(opened: FileIO, line: bytes) -> None:
    """A full disk can take part of a line; that part is removed again."""
    size = os.fstat(opened.fileno()).st_size
    if os.write(opened.fileno(), line) != len(line):
        opened.truncate(size)
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
