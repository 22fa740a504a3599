"""Lines are added up in kinds, and each is read as it would be alone."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portero.report import logged
from portero.report.alike import Alike
from portero.report.logged import Logged
from portero.report.logged_violation import NoDecision
from portero.report.repeated_lines import MOST_LATEST, add_lines
from portero.report.tally import Tally
from tests.report.decisions import decision, violation

FIRST = ("version", "id", "time", "user", "groups", "identifiedBy", "traceId", "parentSpanId", "breakGlass")
LATER = "2026-11-24T17:00:00.007Z"


class Added:
    """Notes what was added."""

    def __init__(self) -> None:
        self.unreadable = 0
        self.alike: list[Alike] = []
        self.asked: list[tuple[Logged, int]] = []
        self.times: list[tuple[float, str, int]] = []
        self.kept: list[Logged] = []

    def add_alike(self, alike: Alike) -> None:
        self.alike.append(alike)

    def add_asked(self, decision: Logged, lines: int) -> None:
        self.asked.append((decision, lines))

    def add_time(self, time: float, outcome: str, number: int) -> None:
        self.times.append((time, outcome, number))

    def keep(self, decision: Logged) -> None:
        self.kept.append(decision)


def added(*lines: bytes) -> Added:
    made = Added()
    add_lines(lines, made)
    return made


def one_by_one(*lines: bytes) -> Tally:
    made = Tally()
    for line in lines:
        try:
            made.add(logged.read(line))
        except NoDecision:
            made.unreadable += bool(line.strip())
    return made


def at_once(*lines: bytes) -> Tally:
    made = Tally()
    add_lines(lines, made)
    return made


def sums(tally: Tally) -> object:
    latest = {rule: [*of_rule.latest] for rule, of_rule in tally.rules.items()}
    return tally.document(), tally.first, tally.last, [*tally.latest], latest


def compact(*violations: dict[str, Any], **more: Any) -> bytes:
    """A line without spaces, as Portero writes it: how long it took stands last, but for what it stands for."""
    made = decision(*violations, **more)
    for name in ("microseconds", "alike"):
        if name in made:
            made[name] = made.pop(name)
    first = [name for name in FIRST if name in made]
    made = {name: made[name] for name in (*first, *(each for each in made if each not in first))}
    return json.dumps(made, separators=(",", ":")).encode() + b"\n"


def test_lines_that_differ_in_what_each_has_of_its_own_are_one_kind() -> None:
    first = compact(violation(), violation("no-host-pid", action="audit"))
    second = compact(
        violation(),
        violation("no-host-pid", action="audit"),
        id="d-000000000002",
        time=LATER,
        microseconds=7,
        path="/v1.45/containers/create",
        traceId="0af7651916cd43dd8448eb211c80319c",
        parentSpanId="b7ad6b7169203331",
    )

    made = added(first, second)

    (alike,) = made.alike
    ((_, lines),) = made.asked
    assert (alike.lines, alike.number, lines) == (2, 2, 2)
    assert (alike.first, alike.last) == (logged.read(first).time, logged.read(second).time)
    assert made.kept == [logged.read(first), logged.read(second)]
    assert sorted(made.times) == [(1795536000, "refused", 1), (1795539600, "refused", 1)]


@pytest.mark.parametrize("more", [{"allowed": True}, {"alike": 5}, {"breakGlass": True}, {"version": 1}])
def test_lines_that_differ_in_what_was_decided_are_two_kinds(more: dict[str, Any]) -> None:
    lines = compact(violation()), compact(violation(), **more)

    made = added(*lines)
    assert (len(made.alike), len(made.asked)) == (2, 2)
    assert sums(at_once(*lines)) == sums(one_by_one(*lines))


@pytest.mark.parametrize("more", [{"user": "bob"}, {"image": None}, {"groups": ["ops"]}, {"method": "PUT"}])
def test_lines_that_differ_in_what_was_asked_are_decided_alike(more: dict[str, Any]) -> None:
    lines = compact(violation()), compact(violation(), **more), compact(violation(), time=LATER)

    made = added(*lines)
    (alike,) = made.alike
    assert (alike.lines, alike.first, alike.last) == (3, logged.read(lines[0]).time, logged.read(lines[2]).time)
    assert [number for _, number in made.asked] == [2, 1]
    assert sums(at_once(*lines)) == sums(one_by_one(*lines))


TEXTS = st.sampled_from(
    ["alice", "", "b\u00f6b", 'a"b', "a\\b", "x" * 300, "\u202e", "]", "},{", ',"allowed":', "a\x7fb"]
)
NAMES = (
    *("user", "groups", "identifiedBy", "traceId", "parentSpanId", "breakGlass", "operation", "apiVersion", "method"),
    *("path", "image", "allowed", "mode", "profile", "violations", "policy", "microseconds", "alike", "id", "time"),
    *("version", "place"),
)
# What is put somewhere into a line, or in the place of a part of it.
PARTS = st.one_of(
    st.sampled_from([*',:{}[]"\\ \n0', "null", "true", "{}", "[]", '"x"', "\\u0061", "\x00", "\xe9"]),
    st.builds('"{}":{},'.format, st.sampled_from(NAMES), st.sampled_from(["1", "null", "true", '"y"', "[]", '["g"]'])),
    st.builds(',"{}":{}'.format, st.sampled_from(NAMES), st.sampled_from(["2", "null", "true", '"z"', "{}", '["h"]'])),
)


@st.composite
def lines(draw: st.DrawFn) -> bytes:
    """A line of a log, often one that only looks like it."""
    more: dict[str, Any] = {"user": draw(TEXTS), "path": draw(TEXTS), "image": draw(st.one_of(st.none(), TEXTS))}
    optional = {
        "groups": st.lists(TEXTS, max_size=2),
        "identifiedBy": TEXTS,
        "breakGlass": st.booleans(),
        "alike": st.sampled_from([1, 2, 100_000, 100_001, True]),
        "id": st.sampled_from(["d-0123456789ab", "d-x"]),
        "time": st.sampled_from(["2026-13-24T16:00:00.123Z", "0000-01-01T00:00:00.000Z", "2026-11-24T24:00:00.000Z"]),
        "apiVersion": st.one_of(st.none(), TEXTS),
    }
    for name in draw(st.sets(st.sampled_from([*optional]), max_size=3)):
        more[name] = draw(optional[name])
    violated = draw(st.sampled_from([(), (violation(),), (violation(action="audit"), violation("x", at="Binds[0]"))]))
    line = compact(*violated, **more).decode("latin-1")
    for _ in range(draw(st.integers(0, 2))):
        start = draw(st.integers(0, len(line)))
        line = line[:start] + draw(PARTS) + line[start + draw(st.integers(0, 3)) :]
    return line.encode("latin-1")


@given(st.lists(lines(), min_size=1, max_size=4))
def test_whatever_lines_look_like_they_are_read_as_one_by_one(some: list[bytes]) -> None:
    again = [line.replace(b"d-0123456789ab", b"d-ba9876543210").replace(b"16:00:00.1", b"16:59:59.9") for line in some]
    log = [line for line in b"".join([*some, *again]).splitlines(keepends=True) if line]

    assert sums(at_once(*log)) == sums(one_by_one(*log))


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("before", ['"user"', '"operation"', '"image"', '"allowed"', '"policy"', '"microseconds"', "}"])
def test_a_name_that_stands_twice_counts_as_in_any_json(name: str, before: str) -> None:
    line = compact(violation(), alike=3).decode()
    for value in ("7", "null", '"y"', "[]", "true"):
        end = line.rindex(before)
        twice = f'{line[:end]}"{name}":{value},{line[end:]}' if before != "}" else f'{line[:end]},"{name}":{value}}}\n'
        log = [twice.encode(), twice.replace("d-0123456789ab", "d-ba9876543210").encode()]

        assert sums(at_once(*log)) == sums(one_by_one(*log))


def test_lines_in_the_log_of_dockerd_are_kinds_too() -> None:
    log = [
        before + f"level=info msg={json.dumps(line.decode().strip())} plugin={'ab' * 32}\n".encode()
        for before in (
            b'time="2026-11-24T16:00:00Z" ',
            b'Nov 24 16:00:00 host dockerd[7]: time="2026-11-24T16:00:00Z" ',
        )
        for line in (compact(violation()), compact(violation(), id="d-000000000002", time=LATER))
    ]

    assert [alike.lines for alike in added(*log).alike] == [4]
    assert sums(at_once(*log)) == sums(one_by_one(*log))


def test_the_latest_of_each_kind_come_in_the_order_of_their_lines() -> None:
    log = [compact(violation(), id=f"d-{number:012}", user=f"user-{number % 2}") for number in range(100)]

    kept = added(*log).kept

    assert [one.id for one in kept] == [f"d-{number:012}" for number in range(100 - 2 * MOST_LATEST, 100)]


def test_allowed_decisions_without_violations_are_only_counted() -> None:
    assert added(compact(), b'{"spaced": 1}\n', json.dumps(decision()).encode()).kept == []


def test_empty_lines_are_left_out_and_others_are_counted() -> None:
    made = added(b"\n", b" \n", b"torn\n", compact()[:-20], compact())

    assert (made.unreadable, [alike.lines for alike in made.alike]) == (2, [1])


def test_a_line_that_stands_for_several_reads_counts_as_so_many_at_its_time() -> None:
    made = added(compact(alike=5), compact(alike=5), compact())

    assert [(alike.lines, alike.number) for alike in made.alike] == [(2, 10), (1, 1)]
    assert sorted(number for _, _, number in made.times) == [1, 10]
