"""The memory of writers: which containers can write where, and what those that have ended can have left to others."""

import threading
import time
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from portero.decide.interfaces.member import Listed, Member, MemoryMoment, ReadMember, Sighting
from portero.decide.values.dataclass import dataclass, field
from portero.decide.values.refusals import Refused
from portero.observe.writers.descriptors import Followed, follow_members, start_members
from portero.observe.writers.shared_resources import SharedResources
from portero.observe.writers.writers_file import WritersFile

# Resources of all containers of all daemons. Ten thousand containers have fewer.
_MAX_RESOURCES = 100_000


@dataclass(slots=True)
class _Known:
    """What is known at one daemon.

    `process`: which dockerd was the last to be asked for its list. `followed`: the containers of the list that was
    followed last. `unsettled`: the members that do not last as they are.
    """

    members: dict[str, Member] = field(default_factory=dict)
    process: str = ""
    followed: Listed = field(default_factory=dict)
    unsettled: dict[str, None] = field(default_factory=dict)
    resources: SharedResources = field(default_factory=SharedResources)

    def list_changed(self, listed: Listed) -> list[str]:
        """The containers in a list that are not known to be as they were when a list was followed last."""
        followed, members, unsettled = self.followed, self.members, self.unsettled
        if listed is followed:
            return [id for id in unsettled if id in listed]
        return [id for id, one in listed.items() if followed.get(id) is not one or id in unsettled or id not in members]

    def follow(
        self, moment: MemoryMoment, listed: Listed, seen: Mapping[str, Member], removed: frozenset[str]
    ) -> Followed:
        """What all are once this is followed; nothing changes here."""
        before = self.members
        restarted = not moment.process or self.process != moment.process
        if listed is self.followed and not (restarted or seen or self.unsettled):
            return Followed(before, {}, {})
        # Another thread can have followed another list meanwhile.
        same = (listed.keys() - seen.keys() - removed) & before.keys()
        now = time.monotonic()
        after = follow_members(before, seen, moment.turn, now, restarted=restarted and bool(before), same=same)
        changed: dict[str, Member | None] = {
            id: one for id, one in after.items() if (former := before.get(id)) is not one and former != one
        }
        changed |= dict.fromkeys(before.keys() - after.keys())
        holders = {id: one for id in {**self.unsettled, **changed} if (one := after.get(id)) is not None and one.held}
        return Followed(after, changed, holders, restarted and bool(moment.process))

    def count_more(self, changed: Mapping[str, Member | None]) -> int:
        """How many resources there are more by a change."""
        return sum(_count_resources(one) - _count_resources(self.members.get(id)) for id, one in changed.items())

    def change(self, changed: Mapping[str, Member | None], process: str) -> None:
        """Make a change that is saved."""
        self.process = process
        for id, one in changed.items():
            self.resources.change(self.members.pop(id, None), one)
            self.unsettled.pop(id, None)
            if one is not None:
                self.members[id] = one
                if not one.lasts:
                    self.unsettled[id] = None


def _count_resources(member: Member | None) -> int:
    return len(member.shares) + len(member.held) if member else 0


class WriterMemory:
    """The members at each daemon. `file` None: they end with the process."""

    def __init__(self, file: Path | None) -> None:
        self._file = WritersFile(file)
        self.lock = threading.Lock()
        self._by_daemon = defaultdict[str, _Known](_Known)
        self._is_read = False
        self._count = 0  # of all resources
        self.turn = 0

    @property
    def failure(self) -> str:
        """Why the file could not be read or written the last time, as a sentence; empty: it could."""
        return self._file.failure

    def at(self, daemon: str, process: str) -> "DaemonMembers":
        """Those of one daemon, for one request. `process`: tells its dockerd from each other one."""
        with self.lock:
            return DaemonMembers(self, MemoryMoment(daemon, process, self.turn))

    def commit(self, moment: MemoryMoment, sighting: Sighting | None = None, starting: Sequence[Member] = ()) -> None:
        """Follow what was seen from this moment on, and note what starts; neither: see that a start can be noted.

        Raises Refused (writers-unknown): nothing is noted.
        """
        with self.lock:
            known = self.read(moment.daemon)
            followed = Followed(known.members, {}, {})
            if sighting is not None:
                followed = known.follow(moment, sighting.listed, sighting.seen, sighting.removed)
            self.turn += 1
            found = sighting.list_found(followed.after) if sighting else {}
            # What starts again keeps since when it ran: by that it is known to be another run later.
            members = followed.after | found if found else followed.after
            changed = followed.changed | found | start_members(starting, members, self.turn, time.monotonic())
            is_trial = sighting is None and not starting and not self._file.is_begun
            if changed or followed.restarted or is_trial:
                self._save(moment.daemon, changed, known.process if sighting is None else moment.process)
            if sighting is not None and followed.after is not known.members:
                known.followed = sighting.listed if sighting.listed.keys() <= known.members.keys() else {}

    def read(self, daemon: str) -> _Known:
        """What is known at a daemon, with the lock. Raises Refused (writers-unknown)."""
        if not self._is_read:
            for at, process, changed in self._file.read():
                self._change(at, changed, process)
            self._is_read = True
        return self._by_daemon[daemon]

    def _save(self, daemon: str, changed: Mapping[str, Member | None], process: str) -> None:
        more = self._by_daemon[daemon].count_more(changed)
        if more > 0 and self._count + more > _MAX_RESOURCES:
            raise Refused("writers-unknown")
        whole = (
            (at, process, {**one.members, **changed}) if at == daemon else (at, one.process, one.members)
            for at, one in self._by_daemon.items()
        )
        self._file.append((daemon, process, changed), whole)
        self._change(daemon, changed, process)

    def _change(self, daemon: str, changed: Mapping[str, Member | None], process: str) -> None:
        known = self._by_daemon[daemon]
        self._count += known.count_more(changed)
        known.change(changed, process)


@dataclass(frozen=True, slots=True)
class DaemonMembers:
    """The members at one daemon for one request, which reads each list after it began (Members)."""

    memory: WriterMemory
    moment: MemoryMoment

    def has_other_for(self, one: Member) -> bool:
        with self.memory.lock:
            known = self.memory.read(self.moment.daemon)
            return known.resources.has_other_for(one, known.members.get(one.id))

    def follow(self, listed: Listed, services: Iterable[Member], read: ReadMember) -> Sighting:
        with self.memory.lock:
            known = self.memory.read(self.moment.daemon)
            changed = [(id, known.members.get(id)) for id in known.list_changed(listed)]
        made = {id: read(id, member) for id, member in changed}
        seen = {id: one for id, one in made.items() if one is not None} | {one.id: one for one in services}
        removed = frozenset(id for id, one in made.items() if one is None)
        with self.memory.lock:
            holders = known.follow(self.moment, listed, seen, removed).holders
        return Sighting(listed, seen, removed, holders, holders)
