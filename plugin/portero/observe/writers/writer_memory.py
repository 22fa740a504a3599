"""The memory of writers: which containers can write where, and what those that have ended can have left to others.

`writers.jsonl` in the state folder holds it: what was noted is appended before the request is allowed, and the file is
written anew now and then. After a restart of the host no descriptor is left, and another boot's file counts as none.
"""

import json
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from portero.decide.interfaces.member import NO_RESOURCES, Member
from portero.decide.values.json_types import JSON
from portero.decide.values.refusals import Refused
from portero.observe.files.whole_files import read_regular_file, write_whole
from portero.observe.writers.descriptors import follow_members
from portero.observe.writers.shared_resources import SharedResources

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
        self._size = self._written = 0
        self.turn = 0

    def at(self, daemon: str, process: str) -> "DaemonMembers":
        """Those of one daemon, for one request. `process`: tells its dockerd from each other one."""
        return DaemonMembers(self, daemon, process)

    def find_all(self, daemon: str) -> Mapping[str, Member]:
        """Raises Refused (writers-unknown)."""
        with self._lock:
            return self._read(daemon)

    def has_other_for(self, daemon: str, one: Member) -> bool:
        """Whether it can meet another one. Raises Refused (writers-unknown)."""
        with self._lock:
            counted = self._read(daemon).get(one.id)
            return self._resources[daemon].has_other_for(one, counted)

    def change(self, daemon: str, changes: Mapping[str, Callable[[Member | None], Member | None]]) -> None:
        """Change these members, None where there is none. Raises Refused (writers-unknown), with nothing changed."""
        with self._lock:
            before = self._read(daemon)
            changed = {id: after for id, change in changes.items() if (after := change(before.get(id))) is not None}
            if changed:
                self._save(daemon, {**before, **changed}, changed)

    def begin_turn(self) -> int:
        """What is noted from now on has this turn."""
        with self._lock:
            self.turn += 1
            return self.turn

    def list_changed(self, daemon: str, listed: Mapping[str, Mapping[str, JSON]]) -> Sequence[str]:
        """See Members. Raises Refused (writers-unknown)."""
        with self._lock:
            members, followed, unsettled = self._read(daemon), self._followed.get(daemon, {}), self._unsettled[daemon]
            if listed is followed:
                return [id for id in unsettled if id in listed]
            return [
                id for id, one in listed.items() if followed.get(id) is not one or id in unsettled or id not in members
            ]

    def follow(
        self,
        daemon: str,
        process: str,
        listed: Mapping[str, Mapping[str, JSON]],
        seen: Mapping[str, Member],
        removed: Collection[str],
        turn: int,
    ) -> Mapping[str, Member]:
        """See Members; the list was asked for in this turn. Raises Refused (writers-unknown)."""
        with self._lock:
            before = self._read(daemon)
            restarted = not process or self._processes.get(daemon) != process
            if listed is self._followed.get(daemon) and not (restarted or seen or self._unsettled[daemon]):
                return {}
            # Another thread can have followed another list meanwhile.
            same = (listed.keys() - seen.keys() - set(removed)) & before.keys()
            now = time.monotonic()
            after = follow_members(before, seen, turn, now, restarted=restarted and bool(before), same=same)
            changed: dict[str, Member | None] = {
                id: one for id, one in after.items() if (former := before.get(id)) is not one and former != one
            }
            changed |= dict.fromkeys(before.keys() - after.keys())
            if changed or (restarted and process):
                last = self._processes.get(daemon, "")
                self._processes[daemon] = process
                try:
                    self._save(daemon, after, changed)
                except Refused:
                    # What a new dockerd started by itself is to be found by the next list.
                    self._processes[daemon] = last
                    raise
            self._followed[daemon] = listed if listed.keys() <= after.keys() else {}
            return {id: after[id] for id in self._unsettled[daemon] if after[id].held}

    def _read(self, daemon: str) -> dict[str, Member]:
        if not self._is_read and self._file is not None:
            try:
                self._load(read_regular_file(self._file, _MAX_BYTES))
            except FileNotFoundError:
                pass
            except (OSError, ValueError, LookupError, TypeError) as error:
                raise Refused("writers-unknown") from error
            self._is_read = True
        return self._members.get(daemon, {})

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
                before, after = now.pop(id, None), None if fields is None else _decode(id, fields)
                self._count_in(daemon, id, before, after)
                if after is not None:
                    now[id] = after

    def _save(self, daemon: str, after: dict[str, Member], changed: Mapping[str, Member | None]) -> None:
        all, before = {**self._members, daemon: after}, self._members.get(daemon, {})
        more = sum(_count_resources(one) - _count_resources(before.get(id)) for id, one in changed.items())
        if more > 0 and self._count + more > _MAX_RESOURCES:
            raise Refused("writers-unknown")
        try:
            self._append(self._write_line(daemon, changed), all)
        except OSError as error:
            # What was written by halves must not be read as a whole later.
            self._written = self._size = 0
            raise Refused("writers-unknown") from error
        for id, one in changed.items():
            self._count_in(daemon, id, before.get(id), one)
        self._members[daemon] = after

    def _count_in(self, daemon: str, id: str, before: Member | None, after: Member | None) -> None:
        self._resources[daemon].change(before, after)
        self._count += _count_resources(after) - _count_resources(before)
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
        text = b"".join(self._write_line(daemon, all) for daemon, all in members.items())
        content = _BOOT_ID.read_bytes().strip() + b"\n" + text
        if len(content) > _MAX_BYTES // 2:
            raise OSError("there are too many")
        with suppress(FileExistsError):
            self._file.parent.mkdir(mode=_FOLDER_MODE, parents=True)
        write_whole(self._file, content, _MODE)
        self._size = self._written = len(content)

    def _write_line(self, daemon: str, members: Mapping[str, Member | None]) -> bytes:
        encoded = {id: None if member is None else _encode(member) for id, member in members.items()}
        return json.dumps([daemon, self._processes.get(daemon, ""), encoded]).encode() + b"\n"


class DaemonMembers:
    """The members at one daemon for one request, which reads each list after it began."""

    def __init__(self, memory: WriterMemory, daemon: str, process: str) -> None:
        self._memory, self._daemon, self._process = memory, daemon, process
        self._turn = memory.begin_turn()

    def find_all(self) -> Mapping[str, Member]:
        return self._memory.find_all(self._daemon)

    def has_other_for(self, one: Member) -> bool:
        return self._memory.has_other_for(self._daemon, one)

    def note(self, started: Iterable[Member]) -> None:
        """Note what is allowed to start, with what it is known to hold, and of a service what it was before."""
        # Later than this request: what reads a list now does not see that it started.
        turn = self._memory.begin_turn()

        def change(one: Member, former: Member | None) -> Member:
            one = replace(one, since=time.monotonic(), turn=turn)
            if former is None:
                return one
            if one.is_service:
                one = replace(one, shares=one.shares | former.shares, writes=one.writes | former.writes)
            return replace(one, held=former.held, run=former.run)

        self._memory.change(self._daemon, {one.id: partial(change, one) for one in started})

    def list_changed(self, listed: Mapping[str, Mapping[str, JSON]]) -> Sequence[str]:
        return self._memory.list_changed(self._daemon, listed)

    def follow(
        self, listed: Mapping[str, Mapping[str, JSON]], seen: Mapping[str, Member], removed: Collection[str] = ()
    ) -> Mapping[str, Member]:
        return self._memory.follow(self._daemon, self._process, listed, seen, removed, self._turn)

    def change(self, id: str, change: Callable[[Member], Member]) -> None:
        self._memory.change(self._daemon, {id: lambda former: None if former is None else change(former)})


def _count_resources(member: Member | None) -> int:
    return len(member.shares) + len(member.held) if member else 0


def _encode(member: Member) -> list[Any]:
    resources = (sorted(each) for each in (member.shares, member.writes, member.held))
    return [member.name, *resources, member.run, member.state, member.since]


def _decode(id: str, fields: list[Any]) -> Member:
    name, shares, writes, held, run, state, since = fields
    return Member(id, name, frozenset(shares), frozenset(writes), frozenset(held) or NO_RESOURCES, run, state, since)
