"""The memory of writers: which containers can write where, and what those that have ended can have left to others.

`writers.jsonl` in the state folder holds it: what was noted is appended before the request is allowed, and the file is
written anew now and then. After a restart of the host no descriptor is left, and another boot's file counts as none.
"""

import json
import logging
import threading
import time
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from portero.decide.interfaces.member import Member, MemoryMoment, Sighting
from portero.decide.values.dataclass import dataclass
from portero.decide.values.json_fields import JSON
from portero.decide.values.refusals import Refused
from portero.observe.files.whole_files import read_regular_file, write_whole
from portero.observe.writers.descriptors import (
    Followed,
    count_resources,
    decode_member,
    encode_line,
    follow_members,
    start_members,
)
from portero.observe.writers.shared_resources import SharedResources

_LOG = logging.getLogger(__name__)
_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
_MODE, _FOLDER_MODE = 0o600, 0o700
_MAX_BYTES = 32 << 20
# Resources of all containers of all daemons. Ten thousand containers have fewer.
_MAX_RESOURCES = 100_000
# The file is written anew when it has grown to twice what was written, and by this.
_GROWTH_BYTES = 1 << 20


class WriterMemory:
    """The members at each daemon. `file` None: they end with the process."""

    def __init__(self, file: Path | None) -> None:
        self._file = file
        self._lock = threading.Lock()
        self._members: dict[str, dict[str, Member]] = {}
        self._resources = defaultdict[str, SharedResources](SharedResources)
        # Which dockerd was the last to be asked for each daemon's list.
        self._processes: dict[str, str] = {}
        # The containers of each daemon's list that was followed last, and the members that do not last as they are.
        self._followed: dict[str, Mapping[str, Mapping[str, JSON]]] = {}
        self._unsettled = defaultdict[str, dict[str, None]](dict)
        self._count = 0  # of all resources
        self._is_read = file is None
        self.failure = ""  # why the file could not be read or written the last time, as a sentence
        self._size = self._written = 0
        self.turn = 0

    def at(self, daemon: str, process: str) -> "DaemonMembers":
        """Those of one daemon, for one request. `process`: tells its dockerd from each other one."""
        with self._lock:
            return DaemonMembers(self, MemoryMoment(daemon, process, self.turn))

    def find_all(self, daemon: str) -> Mapping[str, Member]:
        """Raises Refused (writers-unknown)."""
        with self._lock:
            return self._read(daemon)

    def has_other_for(self, daemon: str, one: Member) -> bool:
        """Whether it can meet another one. Raises Refused (writers-unknown)."""
        with self._lock:
            counted = self._read(daemon).get(one.id)
            return self._resources[daemon].has_other_for(one, counted)

    def list_changed(self, daemon: str, listed: Mapping[str, Mapping[str, JSON]]) -> Sequence[str]:
        """See Members. Raises Refused (writers-unknown)."""
        with self._lock:
            members, followed, unsettled = self._read(daemon), self._followed.get(daemon, {}), self._unsettled[daemon]
            if listed is followed:
                return [id for id in unsettled if id in listed]
            return [
                id for id, one in listed.items() if followed.get(id) is not one or id in unsettled or id not in members
            ]

    def foresee(
        self,
        moment: MemoryMoment,
        listed: Mapping[str, Mapping[str, JSON]],
        seen: Mapping[str, Member],
        removed: frozenset[str],
    ) -> Mapping[str, Member]:
        """See Members. Raises Refused (writers-unknown)."""
        with self._lock:
            return self._follow(moment, listed, seen, removed).holders

    def commit(self, moment: MemoryMoment, sighting: Sighting | None, starting: Iterable[Member]) -> None:
        """Follow what was seen from this moment on, and note what starts. Raises Refused (writers-unknown): neither."""
        daemon = moment.daemon
        with self._lock:
            before, last = self._read(daemon), self._processes.get(daemon, "")
            followed = Followed(before, {}, {})
            if sighting is not None:
                followed = self._follow(moment, sighting.listed, sighting.seen, sighting.removed)
            self.turn += 1
            found = sighting.list_found(followed.after) if sighting else {}
            # What starts again keeps since when it ran: by that it is known to be another run later.
            known = followed.after | found if found else followed.after
            noted = found | start_members(starting, known, self.turn, time.monotonic())
            after = followed.after | noted if noted else followed.after
            if followed.changed or noted or followed.restarted:
                self._processes[daemon] = moment.process if sighting else last
                try:
                    self._save(daemon, after, followed.changed | noted)
                except Refused:
                    # What a new dockerd started by itself is to be found by the next list.
                    self._processes[daemon] = last
                    raise
            if sighting is not None and followed.after is not before:
                self._followed[daemon] = sighting.listed if sighting.listed.keys() <= after.keys() else {}

    def prepare(self, daemon: str) -> None:
        """See that a start can be noted. Raises Refused (writers-unknown)."""
        with self._lock:
            # What was written the last time can be appended to.
            if self._file is not None and not self._written:
                self._save(daemon, self._read(daemon), {})

    def _follow(
        self,
        moment: MemoryMoment,
        listed: Mapping[str, Mapping[str, JSON]],
        seen: Mapping[str, Member],
        removed: frozenset[str],
    ) -> Followed:
        daemon = moment.daemon
        before, unsettled = self._read(daemon), self._unsettled[daemon]
        restarted = not moment.process or self._processes.get(daemon) != moment.process
        if listed is self._followed.get(daemon) and not (restarted or seen or unsettled):
            return Followed(before, {}, {})
        # Another thread can have followed another list meanwhile.
        same = (listed.keys() - seen.keys() - removed) & before.keys()
        now = time.monotonic()
        after = follow_members(before, seen, moment.turn, now, restarted=restarted and bool(before), same=same)
        changed: dict[str, Member | None] = {
            id: one for id, one in after.items() if (former := before.get(id)) is not one and former != one
        }
        changed |= dict.fromkeys(before.keys() - after.keys())
        holders = {id: one for id in {**unsettled, **changed} if (one := after.get(id)) is not None and one.held}
        return Followed(after, changed, holders, restarted and bool(moment.process))

    def _read(self, daemon: str) -> dict[str, Member]:
        if not self._is_read and self._file is not None:
            try:
                self._load(read_regular_file(self._file, _MAX_BYTES))
            except FileNotFoundError:
                pass
            except (OSError, ValueError, LookupError, TypeError) as error:
                self._note_failure(f"cannot be read ({getattr(error, 'strerror', None) or 'it is damaged'})")
                raise Refused("writers-unknown") from error
            self._is_read = True
        return self._members.get(daemon, {})

    def _note_failure(self, why: str) -> None:
        """Keep for status why starts are refused, and log it once; empty: they are not."""
        failure = f"{self._file}: {why}: no container is made or started (writers-unknown): free disk space there"
        if why and failure != self.failure:
            _LOG.error("%s", failure)
        self.failure = failure if why else ""

    def _load(self, data: bytes) -> None:
        # An empty one is what a crash of the host leaves: it is put in place whole, and not synced.
        boot, *lines = data.splitlines(keepends=True) or [b""]
        if boot.strip() != _BOOT_ID.read_bytes().strip():
            return
        # Nothing was allowed by a line that was not written in whole.
        for line in lines if data.endswith(b"\n") else lines[:-1]:
            daemon, process, members = json.loads(line)
            self._processes[daemon] = process
            now = self._members.setdefault(daemon, {})
            for id, fields in members.items():
                before, after = now.pop(id, None), None if fields is None else decode_member(id, fields)
                self._count_in(daemon, id, before, after)
                if after is not None:
                    now[id] = after

    def _save(self, daemon: str, after: dict[str, Member], changed: Mapping[str, Member | None]) -> None:
        all, before = {**self._members, daemon: after}, self._members.get(daemon, {})
        more = sum(count_resources(one) - count_resources(before.get(id)) for id, one in changed.items())
        if more > 0 and self._count + more > _MAX_RESOURCES:
            raise Refused("writers-unknown")
        try:
            self._append(encode_line(daemon, self._processes.get(daemon, ""), changed), all)
        except OSError as error:
            # What was written by halves must not be read as a whole later.
            self._written = self._size = 0
            self._note_failure(f"cannot be written ({error.strerror or error})")
            raise Refused("writers-unknown") from error
        self._note_failure("")
        for id, one in changed.items():
            self._count_in(daemon, id, before.get(id), one)
        self._members[daemon] = after

    def _count_in(self, daemon: str, id: str, before: Member | None, after: Member | None) -> None:
        self._resources[daemon].change(before, after)
        self._count += count_resources(after) - count_resources(before)
        if after is None or after.lasts:
            self._unsettled[daemon].pop(id, None)
        else:
            self._unsettled[daemon][id] = None

    def _append(self, line: bytes, members: Mapping[str, Mapping[str, Member]]) -> None:
        if self._file is None:
            return
        if self._written and self._size + len(line) < min(2 * self._written + _GROWTH_BYTES, _MAX_BYTES):
            with open(self._file, "ab", buffering=0) as file:
                if file.write(line) != len(line):
                    raise OSError("the line was not written in whole")
            self._size += len(line)
            return
        text = b"".join(encode_line(daemon, self._processes.get(daemon, ""), all) for daemon, all in members.items())
        content = _BOOT_ID.read_bytes().strip() + b"\n" + text
        if len(content) > _MAX_BYTES // 2:
            raise OSError("there are too many")
        with suppress(FileExistsError):
            self._file.parent.mkdir(mode=_FOLDER_MODE, parents=True)
        write_whole(self._file, content, _MODE)
        self._size = self._written = len(content)


@dataclass(frozen=True, slots=True)
class DaemonMembers:
    """The members at one daemon for one request, which reads each list after it began (Members)."""

    memory: WriterMemory
    moment: MemoryMoment

    def find_all(self) -> Mapping[str, Member]:
        return self.memory.find_all(self.moment.daemon)

    def has_other_for(self, one: Member) -> bool:
        return self.memory.has_other_for(self.moment.daemon, one)

    def list_changed(self, listed: Mapping[str, Mapping[str, JSON]]) -> Sequence[str]:
        return self.memory.list_changed(self.moment.daemon, listed)

    def foresee(
        self, listed: Mapping[str, Mapping[str, JSON]], seen: Mapping[str, Member], removed: frozenset[str]
    ) -> Mapping[str, Member]:
        return self.memory.foresee(self.moment, listed, seen, removed)
