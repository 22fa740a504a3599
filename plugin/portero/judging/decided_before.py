"""Decisions that were made before: made again when the very same envelope comes and the host answers as it did then.

A decision follows from the envelope, from its judge's policy, profile and mode, from what the host answers and, where
exceptions or proofs of who asks count, from the time. So a decision without these is kept with all that was asked of
the host. All of it is asked anew, of the host as it is now, before the decision is made again; one other answer, and
the request is judged. Clients repeat themselves: health checks, jobs, a command that is refused and tried again.
"""

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any, TypeAlias, TypeVar, cast

from portero.decision import Decision
from portero.host.daemon_defaults import DaemonDefaults
from portero.host.routes import HostRoutes
from portero.host.view import HostEntry, HostMoment, Objects, Passage, Trace
from portero.identity.caller import NOBODY, Identity
from portero.policy.policy import Policy
from portero.reading.envelope import Envelope

# Clients choose what is kept, so there is little room for it: envelopes that are known by their digest, decisions, and
# the questions and characters of their answers.
_MOST_SEEN, _MOST_KEPT = 1_024, 128
_MOST_QUESTIONS, _LONGEST_ANSWERS = 32, 16_384
# A decision has texts of its envelope in it, and one wide letter makes each letter of a text four bytes wide.
_LONGEST_ENVELOPE = 16_384

_T = TypeVar("_T")
# A method of HostMoment and its arguments.
_Question: TypeAlias = tuple[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class _Made:
    decision: Decision
    answers: tuple[tuple[_Question, object], ...]


@dataclass(slots=True)
class DecidedBefore:
    """The decisions of one judge; a judge that is made of another one has its own."""

    _seen: dict[bytes, None] = field(default_factory=dict)
    _made: dict[bytes, _Made] = field(default_factory=dict)
    # A digest that no other process can compute; the envelope is not kept, since there may be secrets in it.
    _key: bytes = field(default_factory=lambda: os.urandom(32))

    def name(self, data: bytes) -> bytes:
        """What an envelope is known by; empty for one that is too long to be kept."""
        return blake2b(data, digest_size=32, key=self._key).digest() if len(data) <= _LONGEST_ENVELOPE else b""

    def find(self, name: bytes, host: HostMoment) -> Decision | None:
        """The decision on an envelope, if it was kept and the host answers as it did when it was made."""
        made = self._made.get(name)
        if made is None:
            return None
        try:
            return made.decision if all(_ask_again(host, *asked) == answer for asked, answer in made.answers) else None
        except Exception:  # noqa: BLE001 - the judge meets it too, and knows what to say
            return None

    def watch(self, name: bytes, host: HostMoment) -> HostMoment:
        """The host for a judge, watched where the envelope comes again: most requests come once."""
        if name in self._seen:
            return WatchedMoment(host)
        if name:
            if len(self._seen) >= _MOST_SEEN:
                # A new mapping, so that no other thread sees it half emptied.
                self._seen = {}
            self._seen[name] = None
        return host

    def keep(self, name: bytes, decision: Decision, host: HostMoment) -> None:
        """Keep a decision that follows from the envelope and the host alone, if the host was watched."""
        answers = host.list_answers() if isinstance(host, WatchedMoment) else None
        if answers is None or len(answers) > _MOST_QUESTIONS or len(repr(answers)) > _LONGEST_ANSWERS:
            return
        if len(self._made) >= _MOST_KEPT:
            self._made = {}
        self._made[name] = _Made(decision.again(decision.id, decision.time), answers)


def depends_on_time(decision: Decision, asked: Envelope, who: Identity, policy: Policy) -> bool:
    """Whether what expires has a part in a decision (a proof of who asks, an exception), or what ends (an error)."""
    if who is not NOBODY or asked.peer_certificates or decision.fault is not None:
        return True
    if decision.suggestion is not None and policy.waivers:
        return True
    return policy.may_waive({violation.rule for violation in decision.violations})


class WatchedMoment:
    """A HostMoment that notes what it is asked and what it answers."""

    def __init__(self, moment: HostMoment) -> None:
        self._moment = moment
        self._answers: dict[_Question, object] = {}
        self._is_complete = True

    def list_answers(self) -> tuple[tuple[_Question, object], ...] | None:
        """Every question with its answer; None where one had none, or the daemon was asked."""
        return tuple(self._answers.items()) if self._is_complete else None

    def look(self, path: str) -> HostEntry:
        """As in HostMoment."""
        return self._note(self._moment.look, path)

    def trace(self, path: str) -> Trace:
        """As in HostMoment."""
        return self._note(self._moment.trace, path)

    def find_passage(self, path: str) -> Passage:
        """As in HostMoment."""
        return self._note(self._moment.find_passage, path)

    def network(self, name: str) -> str | None:
        """As in HostMoment."""
        return self._note(self._moment.network, name)

    def daemon(self) -> DaemonDefaults:
        """As in HostMoment."""
        return self._note(self._moment.daemon)

    def routes(self) -> HostRoutes | None:
        """As in HostMoment."""
        return self._note(self._moment.routes)

    def objects(self) -> Objects | None:
        """As in HostMoment."""
        found = self._ask(self._moment.objects)
        self._answers["objects", ()] = found is not None
        return None if found is None else cast(Objects, _WatchedObjects(found, self._give_up))

    def _note(self, ask: Callable[..., _T], *values: str) -> _T:
        answer = self._answers[ask.__name__, values] = self._ask(ask, *values)
        return answer

    def _ask(self, ask: Callable[..., _T], *values: str) -> _T:
        try:
            return ask(*values)
        except BaseException:
            self._give_up()
            raise

    def _give_up(self) -> None:
        self._is_complete = False


class _WatchedObjects:
    """What exists at the daemon changes all the time: a decision that depends on it is not kept."""

    def __init__(self, objects: Objects, give_up: Callable[[], None]) -> None:
        self._objects = objects
        self._give_up = give_up

    def __getattr__(self, name: str) -> Any:
        self._give_up()
        return getattr(self._objects, name)


def _ask_again(host: HostMoment, method: str, values: tuple[str, ...]) -> object:
    answer = getattr(host, method)(*values)
    # What exists is no answer to keep; whether the daemon can be asked is one.
    return answer is not None if method == "objects" else answer
