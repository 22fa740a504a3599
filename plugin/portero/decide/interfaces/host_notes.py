"""What the host and the caller's proofs answered about one request, noted for a recording, or known from one.

And a host whose networks and objects are partly given beforehand: those that the stand-in made, or inspected ones.
"""

from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from typing import Any, TypeVar, cast

from portero.decide.interfaces.daemon import DaemonDefaults, Objects, Peer
from portero.decide.interfaces.host import (
    NO_ROUTES,
    DeviceAccess,
    Host,
    HostEntry,
    HostMoment,
    HostRoutes,
    Passage,
    Trace,
)
from portero.decide.values.dataclass import dataclass, field, replace
from portero.decide.values.refusals import Refused

_Answer = TypeVar("_Answer")
# Asked about the objects that a request itself uses.
_OF_OBJECTS = ("joined", "objects")
_QUESTIONS: Mapping[str, Callable[[HostMoment, str], object]] = {
    "entry": lambda host, path: host.find_entry(path),
    "trace": lambda host, path: host.trace(path),
    "passage": lambda host, path: host.find_passage(path),
    "account": lambda host, user: host.find_account(user),
    "network": lambda host, name: host.network(name),
    "daemon": lambda host, _: host.daemon(),
    "devices": lambda host, commits: host.device_access(commits=commits != ""),
    "routes": lambda host, _: host.routes(),
}


@dataclass(frozen=True, slots=True)
class HostNotes:
    """`known`: the answers by question, and by what was asked about. What is not among them is asked, and noted."""

    answers: dict[str, dict[str, Any]] = field(default_factory=dict)

    def ask(self, question: str, about: str, find: Callable[[], _Answer]) -> _Answer:
        """The answer; a refusal is one too, and is raised again."""
        answers = self.answers.setdefault(question, {})
        if about not in answers:
            try:
                answers[about] = find()
            except Refused as refused:
                answers[about] = refused
        answer = answers[about]
        if isinstance(answer, Refused):
            raise Refused(answer.code, answer.at)
        return cast(_Answer, answer)

    def forget_objects(self) -> None:
        """What was noted about existing objects is to be found anew."""
        for question in _OF_OBJECTS:
            self.answers.pop(question, None)

    def without_objects(self) -> "HostNotes":
        """The other notes: what was noted about the objects of a request says nothing of another one."""
        return HostNotes({key: known for key, known in self.answers.items() if key not in _OF_OBJECTS})

    def still_hold(self, host: HostMoment) -> bool:
        """Whether the host gives these answers now; False where it cannot be read."""
        with suppress(Refused):
            return all(
                _QUESTIONS[question](host, about) == answer
                for question, answers in self.answers.items()
                for about, answer in answers.items()
            )
        return False


def ask(notes: HostNotes | None, question: str, find: Callable[[], _Answer]) -> _Answer:
    """The answer to a question about the whole request, noted where there are notes."""
    return find() if notes is None else notes.ask(question, "", find)


def note_moment(moment: HostMoment, notes: HostNotes | None) -> HostMoment:
    """The host as it is, its answers noted where there are notes."""
    return moment if notes is None else NotedMoment(moment, notes)


@dataclass(frozen=True, slots=True)
class NotedMoment:
    """The host as one request sees it, each answer noted. What exists at the daemon is noted as rules see it."""

    moment: HostMoment
    notes: HostNotes

    def find_entry(self, path: str) -> HostEntry:
        return cast(HostEntry, self._ask("entry", path))

    def trace(self, path: str) -> Trace:
        return cast(Trace, self._ask("trace", path))

    def find_passage(self, path: str) -> Passage:
        return cast(Passage, self._ask("passage", path))

    def find_account(self, user: str) -> str:
        return cast(str, self._ask("account", user)) if user else ""

    def network(self, name: str) -> str | None:
        return cast("str | None", self._ask("network", name))

    def daemon(self) -> DaemonDefaults:
        return cast(DaemonDefaults, self._ask("daemon"))

    def device_access(self, *, commits: bool = False) -> DeviceAccess:
        return cast(DeviceAccess, self._ask("devices", "commits" if commits else ""))

    def routes(self) -> HostRoutes | None:
        return cast("HostRoutes | None", self._ask("routes"))

    def objects(self) -> Objects | None:
        return self.moment.objects()

    def _ask(self, question: str, about: str = "") -> object:
        return self.notes.ask(question, about, lambda: _QUESTIONS[question](self.moment, about))


@dataclass(frozen=True, slots=True)
class HostOverlay:
    """`host`, with `name_of` asked first for the name behind a network's ID (None: not known).

    `existing`: ranges and bridges of networks that exist, which do not count as the host's. `given`: the objects that
    exist, where no daemon asks.
    """

    host: Host
    name_of: Callable[[str], str | None]
    existing: HostRoutes = NO_ROUTES
    given: Objects | None = None

    def watch(self) -> None:
        self.host.watch()

    def protecting(self, protected: Iterable[str], links: Iterable[str] = ()) -> "HostOverlay":
        return replace(self, host=self.host.protecting(protected, links))

    def moment(self, peer: Peer | None = None, account: str = "") -> "HostOverlayMoment":
        return HostOverlayMoment(self.host.moment(peer, account), self.name_of, self.existing, self.given)


class HostOverlayMoment:
    """One moment of it. `existing`: None: the host's routes are not read, and there are none."""

    def __init__(
        self,
        moment: HostMoment,
        name_of: Callable[[str], str | None],
        existing: HostRoutes | None = NO_ROUTES,
        given: Objects | None = None,
    ) -> None:
        self._moment, self._name_of, self._existing, self._given = moment, name_of, existing, given
        # Nothing of these is given beforehand.
        self.find_entry, self.trace, self.find_passage = moment.find_entry, moment.trace, moment.find_passage
        self.find_account, self.daemon, self.device_access = moment.find_account, moment.daemon, moment.device_access

    def network(self, name: str) -> str | None:
        return self._name_of(name) or self._moment.network(name)

    def routes(self) -> HostRoutes:
        """The routes of the host but for those of existing networks.

        Without a host at hand there are none: what is checked here is not executed here.
        """
        if self._existing is None or (routes := self._moment.routes()) is None:
            return NO_ROUTES
        return routes.exclude(self._existing)

    def objects(self) -> Objects | None:
        return self._given or self._moment.objects()
