"""The sums over a log, by rule, user, image, operation and time, of any number of names."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portero.tools.report import log_lines, log_tally
from portero.tools.report.log_tally import MAX_STEPS, OTHERS, UNKNOWN, UNREADABLE, Table, Tally, Timeline
from tests.tools.report.decisions import SECONDS, line, violation


def added(*lines: bytes) -> Tally:
    made = Tally()
    for each in lines:
        made.add(log_lines.read_decision(each))
    return made


def counts(table: Table) -> dict[str, dict[str, int]]:
    return {name: dict(counted) for name, counted in table.rank_names()}


LOG = (
    line(),
    line(violation(), user="bob"),
    line(violation(action="audit"), mode="audit", user="bob", image="nginx"),
    line(operation="ContainerList", image=None, user=""),
    line(violation("body-hidden", level="always"), operation="", image=None),
)


def test_decisions_are_counted_by_what_became_of_them() -> None:
    made = added(*LOG)

    assert dict(made.outcomes) == {"allowed": 2, "refused": 2, "would": 1}
    assert (made.decisions, made.audited, made.first, made.last) == (5, 1, SECONDS, SECONDS)


ALL_THREE = {"allowed": 1, "refused": 1, "would": 1}


@pytest.mark.parametrize(
    ("group", "expected"),
    [
        ("user", {"bob": {"refused": 1, "would": 1}, "alice": {"refused": 1, "allowed": 1}, UNKNOWN: {"allowed": 1}}),
        ("image", {"busybox": {"allowed": 1, "refused": 1}, "nginx": {"would": 1}}),
        ("operation", {"ContainerCreate": ALL_THREE, UNREADABLE: {"refused": 1}, "ContainerList": {"allowed": 1}}),
    ],
)
def test_each_group_has_its_names_the_worst_first(group: str, expected: dict[str, Any]) -> None:
    told = counts(added(*LOG).by[group])

    assert told == expected
    assert [*told] == [*expected]


def test_a_rule_counts_once_in_a_decision_by_the_worst_and_each_at_is_reported() -> None:
    made = added(
        line(violation(action="waived", at="A", exception="probe"), violation(at="B"), violation(at="B")),
        line(violation(action="audit", at="A")),
    )

    assert counts(made.by_rule) == {"no-privileged": {"refused": 1, "would": 1}}
    assert counts(made.rules["no-privileged"].places) == {"B": {"refused": 2}, "A": {"waived": 1, "would": 1}}
    assert [one.outcome for one in made.rules["no-privileged"].latest] == ["refused", "would"]
    assert counts(made.exceptions) == {"probe": {"waived": 1}}


def test_only_the_latest_denials_and_would_be_denials_are_kept() -> None:
    made = added(*(line(violation(), path=f"/{number}") for number in range(30)), line())

    assert [one.path for one in made.latest] == [f"/{number}" for number in range(5, 30)]


def test_names_that_are_too_many_are_counted_together() -> None:
    table = Table(2)
    for name in ("a", "b", "c", "d", "a"):
        table.add(name, "refused")

    assert counts(table) == {"a": {"refused": 2}, OTHERS: {"refused": 2}, "b": {"refused": 1}}


def test_a_log_with_a_new_name_in_every_line_needs_bounded_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    for limit in ("_MAX_NAMES", "_MAX_RULES"):
        monkeypatch.setattr(log_tally, limit, 20)
    made = Tally()
    for number in range(300):
        name = f"n{number}"
        violated = violation(name, at=name, action="waived", exception=name)
        made.add(log_lines.read_decision(line(violated, user=name, image=name, operation=name, policy=name)))

    tables = [*made.by.values(), made.by_rule, made.exceptions, made.policies]
    assert [len(table.rank_names()) for table in tables] == [21] * len(tables)
    assert len(made.rules) == 20


def test_the_sums_for_machines_name_what_they_count() -> None:
    told = added(*LOG).make_document()

    assert (told["decisions"], told["refused"], told["wouldBeRefused"], told["inModeAudit"]) == (5, 2, 1, 1)
    assert told["byRule"] == {"no-privileged": {"refused": 1, "wouldBeRefused": 1}, "body-hidden": {"refused": 1}}
    assert told["overTime"] == [{"start": int(SECONDS) // 60 * 60, "allowed": 2, "refused": 2, "wouldBeRefused": 1}]


def test_the_audit_profile_is_counted_apart() -> None:
    tally = Tally()
    stricter = violation("image-tag", "audit", level="restricted", profile="restricted")

    tally.add(log_lines.read_decision(line(stricter, auditProfile="restricted")))
    tally.add(log_lines.read_decision(line(violation(), stricter, auditProfile="restricted")))

    document: Any = tally.make_document()
    assert (document["refused"], document["wouldBeRefused"], document["refusedByAuditProfileOnly"]) == (1, 0, 1)
    assert document["byRule"]["image-tag"] == {"refusedByAuditProfile": 2}


DAY = 86400


def timeline(*times: float) -> Timeline:
    made = Timeline()
    for time in times:
        made.add(time, "refused")
    return made


def test_empty_steps_between_are_there_and_nothing_has_no_steps() -> None:
    steps = list(timeline(0, 59, 180).steps())

    assert [(step.start, step.counts["refused"]) for step in steps] == [(0, 2), (60, 0), (120, 0), (180, 1)]
    assert list(timeline().steps()) == []


@pytest.mark.parametrize(
    ("span", "words"),
    [
        (3600, "minute"),
        (5 * 3600, "5 minutes"),
        (DAY - 1, "15 minutes"),
        (3 * DAY, "hour"),
        (10 * DAY, "3 hours"),
        (40 * DAY, "12 hours"),
        (90 * DAY, "day"),
        (365 * DAY, "week"),
        (5 * 365 * DAY, "4 weeks"),
        (10 * 365 * DAY, "56 days"),
    ],
)
def test_steps_are_as_short_as_their_number_lets_them_be(span: int, words: str) -> None:
    assert timeline(0, span).words == words


@given(st.lists(st.tuples(st.floats(-6e10, 2e11), st.sampled_from(["refused", "would", "allowed"])), max_size=50))
def test_every_decision_is_in_one_step_whatever_the_order(decisions: list[tuple[float, str]]) -> None:
    made = Timeline()
    for time, outcome in decisions:
        made.add(time, outcome)

    steps = list(made.steps())

    assert len(steps) <= MAX_STEPS
    assert sum(step.counts.total() for step in steps) == len(decisions)
    for time, _ in decisions:
        assert any(step.start <= time < step.start + made.width and step.counts for step in steps)
