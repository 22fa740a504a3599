"""The file of the memory of writers, `writers.jsonl` in the state folder: a line for each change at a daemon.

It is appended to before a request is allowed, and written anew now and then. After a restart of the host no descriptor
is left, and another boot's file counts as none.
"""

import json
import logging
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeAlias

from portero.decide.interfaces.member import NO_RESOURCES, Member
from portero.decide.values.refusals import Refused
from portero.observe.files.whole_files import read_regular_file, write_whole

_LOG = logging.getLogger(__name__)
_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
_MODE, _FOLDER_MODE = 0o600, 0o700
_MAX_BYTES = 32 << 20
# The file is written anew when it has grown to twice what was written, and by this.
_GROWTH_BYTES = 1 << 20

# The daemon, which dockerd was the last to be asked for its list, and members by ID; None: it is gone.
Change: TypeAlias = tuple[str, str, Mapping[str, Member | None]]


class WritersFile:
    """Without a path nothing is kept. For one thread at once."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self.failure = ""  # why it could not be read or written the last time, as a sentence
        self._size = self._written = 0

    @property
    def is_begun(self) -> bool:
        """Whether this process can append to it."""
        return self._path is None or self._written > 0

    def read(self) -> list[Change]:
        """All changes, in order. Raises Refused (writers-unknown)."""
        try:
            return [] if self._path is None else [*_decode(read_regular_file(self._path, _MAX_BYTES))]
        except FileNotFoundError:
            return []
        except (OSError, ValueError, LookupError, TypeError) as error:
            self._note_failure(f"cannot be read ({getattr(error, 'strerror', None) or 'it is damaged'})")
            raise Refused("writers-unknown") from error

    def append(self, change: Change, whole: Iterable[Change]) -> None:
        """Note a change; `whole`: all that is known with it. Raises Refused (writers-unknown): it is not noted."""
        try:
            self._append(_encode_line(change), whole)
        except OSError as error:
            # What was written by halves must not be read as a whole later.
            self._written = self._size = 0
            self._note_failure(f"cannot be written ({error.strerror or error})")
            raise Refused("writers-unknown") from error
        self._note_failure("")

    def _append(self, line: bytes, whole: Iterable[Change]) -> None:
        if self._path is None:
            return
        if self._written and self._size + len(line) < min(2 * self._written + _GROWTH_BYTES, _MAX_BYTES):
            with open(self._path, "ab", buffering=0) as file:
                if file.write(line) != len(line):
                    raise OSError("the line was not written in whole")
            self._size += len(line)
            return
        content = _BOOT_ID.read_bytes().strip() + b"\n" + b"".join(map(_encode_line, whole))
        if len(content) > _MAX_BYTES // 2:
            raise OSError("there are too many")
        with suppress(FileExistsError):
            self._path.parent.mkdir(mode=_FOLDER_MODE, parents=True)
        write_whole(self._path, content, _MODE)
        self._size = self._written = len(content)

    def _note_failure(self, why: str) -> None:
        """Keep for status why starts are refused, and log it once; empty: they are not."""
        failure = f"{self._path}: {why}: no container is made or started (writers-unknown): free disk space there"
        if why and failure != self.failure:
            _LOG.error("%s", failure)
        self.failure = failure if why else ""


def _decode(data: bytes) -> Iterator[Change]:
    # An empty one is what a crash of the host leaves: it is put in place whole, and not synced.
    boot, *lines = data.splitlines(keepends=True) or [b""]
    if boot.strip() != _BOOT_ID.read_bytes().strip():
        return
    # Nothing was allowed by a line that was not written in whole.
    for line in lines if data.endswith(b"\n") else lines[:-1]:
        daemon, process, members = json.loads(line)
        yield daemon, process, {id: _decode_member(id, fields) for id, fields in members.items()}


def _decode_member(id: str, fields: list[Any] | None) -> Member | None:
    if fields is None:
        return None
    name, shares, writes, held, run, state, since = fields
    return Member(id, name, frozenset(shares), frozenset(writes), frozenset(held) or NO_RESOURCES, run, state, since)


def _encode_line(change: Change) -> bytes:
    daemon, process, members = change
    encoded = {id: None if member is None else _encode_member(member) for id, member in members.items()}
    return json.dumps([daemon, process, encoded]).encode() + b"\n"


def _encode_member(member: Member) -> list[Any]:
    resources = (sorted(each) for each in (member.shares, member.writes, member.held))
    return [member.name, *resources, member.run, member.state, member.since]
