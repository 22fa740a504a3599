"""Reads the lines of a piece of a decision log. What many of them have in common is decoded once.

A line as Portero writes it has three parts, each some members of its JSON object: who asked for what, what was decided,
and how long that took. Only a line of exactly this form is cut so; any other is read as a whole, and both readings of
one line are the same.
"""

import json
import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import chain
from operator import itemgetter
from typing import Protocol, TypeAlias

from portero.decision import LOG_VERSION
from portero.report.alike import Alike
from portero.report.daemon_log import find_plugin_line
from portero.report.logged import Logged, read, read_document, read_time
from portero.report.logged_violation import LONGEST_TEXT, NoDecision

# No sum keeps more of the latest decisions.
MOST_LATEST = 25

# TEXT is one that is shown as it is; nothing in it is escaped.
_FORM = (
    rb'\{"version":VERSION,"id":"(d-[0-9a-f]{12})",'
    rb'"time":"([0-9]{4}-[0-9]{2}-[0-9]{2}T(?:[01][0-9]|2[0-3]):[0-9]{2}):([0-5][0-9]\.[0-9]{3})Z",'
    rb'("user":TEXT(?:,"groups":\[TEXT(?:,TEXT)*\])?(?:,"identifiedBy":TEXT)?)'
    rb'(?:,"traceId":"[0-9a-f]{32}","parentSpanId":"[0-9a-f]{16}")?'
    rb'((?:,"breakGlass":true)?),("operation":TEXT,"apiVersion":(?:TEXT|null),"method":TEXT),'
    rb'"path":(TEXT),("image":(?:TEXT|null)),("allowed":[^\n]*),'
    rb'"microseconds":(0|[1-9][0-9]{0,11})((?:,"alike":[1-9][0-9]{0,5})?)\}\n?'
)
_TEXT = rb'"[ !#-\[\]-~]{0,%d}"' % LONGEST_TEXT
_LINE = re.compile(_FORM.replace(b"VERSION", b"%d" % LOG_VERSION).replace(b"TEXT", _TEXT))
_DECIDED = frozenset(
    ("allowed", "mode", "profile", "auditProfile", "violations", "try", "daemonDefaults", "policy", "alike")
)
_NOTHING_ASKED: Mapping[str, object] = {
    **dict.fromkeys(("id", "user", "operation", "apiVersion", "method", "path", "image"), ""),
    "version": LOG_VERSION,
    "time": "1970-01-01",
    "microseconds": 0,
}

# Parts that lines have in common: whether glass was broken, what was decided, for how many it stands.
_Verdict: TypeAlias = tuple[bytes, bytes, bytes]
# Beside them: who asks, what for, which image.
_Key: TypeAlias = tuple[bytes, bytes, bytes, _Verdict]
# What is a line's own: its time by minute and second, its number, id, path and microseconds. So they are in order.
_Line: TypeAlias = tuple[bytes, bytes, int, bytes, bytes, bytes]
_MINUTE = itemgetter(0)


class Sums(Protocol):
    """What decisions are added up to."""

    unreadable: int

    def add_alike(self, alike: Alike) -> None:
        """Count decisions by what was decided. They come in the order of their first lines."""

    def add_asked(self, decision: Logged, lines: int) -> None:
        """Count so many lines by who asked for what, and what became of it. They come in the order of first lines."""

    def add_time(self, time: float, outcome: str, number: int) -> None:
        """So many requests became this at a time, in seconds since 1970, of which the minute is right."""

    def keep(self, decision: Logged) -> None:
        """Look at a decision that is refused or has violations, in the order of lines: the last 25 of each kind."""


@dataclass(frozen=True, slots=True)
class _Many:
    """Decisions of one kind, in the order of their lines."""

    decision: Logged
    minutes: Mapping[bytes, int]
    lines: list[_Line] = field(default_factory=list)

    @property
    def number(self) -> int:
        """How many lines."""
        return len(self.lines)

    def list_latest(self) -> Iterator[tuple[int, Logged]]:
        """The latest by their places."""
        for minute, second, number, id, path, microseconds in self.lines[-MOST_LATEST:]:
            own = {"id": id.decode(), "time": _add_up(self.minutes[minute], second), "path": path[1:-1].decode()}
            yield number, self.decision.vary({**own, "microseconds": int(microseconds)})


@dataclass(frozen=True, slots=True)
class _Decided:
    """Kinds with the same verdict. Of `decision` only what was decided counts."""

    decision: Logged
    minutes: Mapping[bytes, int]
    kinds: list[_Many] = field(default_factory=list)

    def sum_up(self) -> Alike:
        """Their sums."""
        lines = [*self._list_lines()]
        (minute, second, *_), (last_minute, last_second, *_) = min(lines), max(lines)
        first, last = _add_up(self.minutes[minute], second), _add_up(self.minutes[last_minute], last_second)
        return Alike(self.decision, len(lines), first, last)

    def list_times(self) -> Iterator[float]:
        """When they were, to the minute."""
        return map(self.minutes.__getitem__, map(_MINUTE, self._list_lines()))

    def _list_lines(self) -> Iterator[_Line]:
        return chain.from_iterable(kind.lines for kind in self.kinds)


def _add_up(minute: int, second: bytes) -> float:
    # Whole milliseconds, divided once: a sum of two floats would round twice.
    return (minute * 1000 + int(second.replace(b".", b""))) / 1000


@dataclass(frozen=True, slots=True)
class _Alone:
    """A decision whose line has another form."""

    place: int
    decision: Logged
    number: int = 1

    def sum_up(self) -> Alike:
        """Its sums."""
        return Alike.of(self.decision)

    def list_times(self) -> Iterator[float]:
        """When it was."""
        yield self.decision.time

    def list_latest(self) -> Iterator[tuple[int, Logged]]:
        """It alone, by its place."""
        yield self.place, self.decision


def add_lines(lines: Iterable[bytes], sums: Sums) -> None:
    """Add a piece of a log to the sums. Lines that are no decisions are counted, but not those that are empty."""
    kinds, verdicts = _read(lines, sums)
    times: dict[tuple[str, int], list[Iterator[float]]] = {}
    for verdict in verdicts:
        decision = verdict.decision
        sums.add_alike(verdict.sum_up())
        times.setdefault((decision.outcome, decision.stands_for), []).append(verdict.list_times())
    for kind in kinds:
        sums.add_asked(kind.decision, kind.number)
    for (outcome, number), of_verdicts in times.items():
        for time, lines_then in Counter(chain.from_iterable(of_verdicts)).items():
            sums.add_time(time, outcome, lines_then * number)
    shown = (kind for kind in kinds if kind.decision.violations or not kind.decision.allowed)
    latest = (each for kind in shown for each in kind.list_latest())
    for _, decision in sorted(latest, key=itemgetter(0)):
        sums.keep(decision)


def _read(lines: Iterable[bytes], sums: Sums) -> tuple[Collection[_Many | _Alone], Collection[_Decided | _Alone]]:
    """The kinds, and the same by what was decided, both in the order of their first lines."""
    kinds: dict[_Key, _Many] = {}
    found: dict[_Key | int, _Many | _Alone] = {}
    # None: lines with this verdict are to be read as a whole.
    known: dict[_Verdict, _Decided | None] = {}
    decided: dict[_Verdict | int, _Decided | _Alone] = {}
    minutes: dict[bytes, int] = {}
    for place, line in enumerate(lines):
        match = _LINE.fullmatch(line if line.startswith(b"{") else find_plugin_line(line))
        if match is not None:
            id, minute, second, who, glass, operation, path, image, verdict, microseconds, alike = match.groups()
            if minute in minutes or _add_minute(minute, minutes):
                part = glass, verdict, alike
                key = who, operation, image, part
                kind = kinds.get(key)
                if kind is None:
                    if part not in known:
                        known[part] = _decode_verdict(part, minutes)
                    alike_ones = known[part]
                    if alike_ones is not None:
                        decided[part] = alike_ones
                        kind = found[key] = kinds[key] = _Many(_vary(alike_ones.decision, key), minutes)
                        alike_ones.kinds.append(kind)
                if kind is not None:
                    kind.lines.append((minute, second, place, id, path, microseconds))
                    continue
        if line.strip():
            try:
                found[place] = decided[place] = _Alone(place, read(line))
            except NoDecision:
                sums.unreadable += 1
    return found.values(), decided.values()


def _add_minute(minute: bytes, minutes: dict[bytes, int]) -> bool:
    """Whether there is such a minute in the calendar."""
    try:
        minutes[minute] = int(read_time(minute.decode()))
    except (ValueError, OverflowError):
        return False
    return True


def _vary(decision: Logged, key: _Key) -> Logged:
    who, operation, image, _ = key
    return decision.vary({**_decode_who(who), **_decode_operation(operation), **_decode_image(image)})


@lru_cache(maxsize=4096)
def _decode_who(who: bytes) -> Mapping[str, object]:
    asked = json.loads(b"{%b}" % who)
    groups, identified_by = tuple(asked.get("groups", ())), asked.get("identifiedBy", "")
    return {"user": asked["user"], "groups": groups, "identified_by": identified_by}


@lru_cache(maxsize=4096)
def _decode_operation(operation: bytes) -> Mapping[str, object]:
    asked = json.loads(b"{%b}" % operation)
    return {"operation": asked["operation"], "version": asked["apiVersion"] or "", "method": asked["method"]}


@lru_cache(maxsize=4096)
def _decode_image(image: bytes) -> Mapping[str, object]:
    return {"image": json.loads(b"{%b}" % image)["image"] or ""}


def _decode_verdict(part: _Verdict, minutes: Mapping[bytes, int]) -> _Decided | None:
    """What was decided; None: the line is to be read as a whole."""
    glass, verdict, alike = part
    try:
        document = json.loads(b"{%b%b}" % (verdict, alike))
        # Whatever else stands there could replace what stands before it.
        if not document.keys() <= _DECIDED:
            return None
        found = read_document({**document, **_NOTHING_ASKED, "breakGlass": bool(glass)})
        # Found once for all that have it.
        _ = found.outcome, found.refusing, found.worst, found.only_audit_profile_refuses
        return _Decided(found, minutes)
    except (ValueError, RecursionError, NoDecision):
        return None
