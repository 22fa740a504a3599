"""systemd's journal as the decision log: an entry a decision, with its fields, in journald's native protocol.

An entry is one datagram; one that is too large for that is a sealed file in memory, whose descriptor is sent instead
(https://systemd.io/JOURNAL_NATIVE_PROTOCOL). journald answers nothing: what it drops by its rate limit, or cannot
store, cannot be known here.
"""

import errno
import fcntl
import json
import os
import socket
import struct
from array import array
from collections.abc import Callable, Iterator
from contextlib import closing
from typing import cast

from portero.decide.values.json_fields import JSON

SOCKET = "/run/systemd/journal/socket"
# For `journalctl -t`; Portero's own messages on standard error are in the journal too, as `portero`.
IDENTIFIER = "portero-decisions"
# Facility authpriv; priority warning for what was refused, informational for the rest.
_FACILITY, _WARNING, _INFORMATIONAL = "10", "4", "6"
_FIELDS = {
    "PORTERO_ID": "id",
    "PORTERO_USER": "user",
    "PORTERO_OPERATION": "operation",
    "PORTERO_METHOD": "method",
    "PORTERO_PATH": "path",
    "PORTERO_IMAGE": "image",
    "PORTERO_PROFILE": "profile",
    "PORTERO_POLICY": "policy",
    "PORTERO_TRACE_ID": "traceId",
}
# A journald that takes nothing is given so long.
_TIMEOUT_SECONDS = 2
_SEALS = fcntl.F_SEAL_SEAL | fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_WRITE


class Journal:
    """Sends entries to journald. Opening and writing raise OSError."""

    def __init__(self, path: str = SOCKET) -> None:
        self._path = path
        with closing(_make_socket()) as probe:
            probe.connect(path)
        self._socket = _make_socket()
        self._is_stalled = False

    def write(self, line: str) -> None:
        """Send one entry. After a wait that failed there is no other one until an entry is taken."""
        entry = write_entry(line)
        flags = socket.MSG_DONTWAIT if self._is_stalled else 0
        try:
            self._send(entry, flags)
        except BlockingIOError as error:
            self._is_stalled = True
            raise OSError(errno.EAGAIN, "journald takes no more entries", self._path) from error
        self._is_stalled = False

    def _send(self, entry: bytes, flags: int) -> None:
        # By its name each time: a journald that was started again has another socket.
        try:
            self._socket.sendto(entry, flags, self._path)
        except OSError as error:
            if error.errno not in (errno.EMSGSIZE, errno.ENOBUFS):
                raise
            self._send_file(entry, flags)

    def _send_file(self, entry: bytes, flags: int) -> None:
        with open(os.memfd_create("portero-entry", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING), "wb") as file:
            file.write(entry)
            file.flush()
            fcntl.fcntl(file, fcntl.F_ADD_SEALS, _SEALS)
            right = (socket.SOL_SOCKET, socket.SCM_RIGHTS, array("i", [file.fileno()]))
            self._socket.sendmsg([], [right], flags, self._path)

    def close(self) -> None:
        self._socket.close()

    def prepare_sync(self) -> Callable[[], None]:
        """journald alone decides when it syncs."""
        raise OSError(errno.EINVAL, "journald decides when it syncs", self._path)


def _make_socket() -> socket.socket:
    sender = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    # Of the kernel, not of Python: the latter waits for room in our own buffer, never for that of the receiver.
    sender.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, struct.pack("ll", _TIMEOUT_SECONDS, 0))
    return sender


def write_entry(line: str) -> bytes:
    """A line of the decision log as an entry: the JSON in MESSAGE, and what people search for in further fields."""
    return b"".join(
        # With its length before it, a value can hold an end of line and still is one field.
        b"%b\n%b%b\n" % (name.encode(), struct.pack("<Q", len(value)), value)
        for name, text in _list_fields(line)
        for value in [text.encode(errors="backslashreplace")]
    )


def _list_fields(text: str) -> Iterator[tuple[str, str]]:
    line = cast("dict[str, JSON]", json.loads(text))
    allowed = line["allowed"] is True
    yield "MESSAGE", text
    yield "PRIORITY", _INFORMATIONAL if allowed else _WARNING
    yield "SYSLOG_FACILITY", _FACILITY
    yield "SYSLOG_IDENTIFIER", IDENTIFIER
    yield "PORTERO_ALLOWED", "yes" if allowed else "no"
    yield from ((name, str(line[key])) for name, key in _FIELDS.items() if line.get(key))
    yield from (("PORTERO_GROUP", str(group)) for group in cast("list[str]", line.get("groups", [])))
    violations = cast("list[dict[str, str]]", line.get("violations", []))
    for violation in {(each["rule"], each["action"]): each for each in violations}.values():
        yield "PORTERO_RULE" if violation["action"] == "deny" else "PORTERO_REPORTED_RULE", violation["rule"]
