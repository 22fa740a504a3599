"""A line that repeats an earlier one is read as it would be alone, and what is kept is bounded."""

import json
from typing import Any

import pytest

from portero.report import logged
from portero.report.logged import Logged, NoDecision
from portero.report.repeated_lines import DecisionReader
from tests.report.decisions import decision, violation

LATER = "2026-11-24T17:00:00.000Z"


def test_a_line_that_differs_in_id_time_and_duration_alone_is_read_as_one_by_one() -> None:
    reader = DecisionReader()
    first = compact(violation(), violation("no-host-pid", action="audit"))
    second = compact(violation(), violation("no-host-pid", action="audit"), id="d-2", time=LATER, microseconds=7)
    assert reader.read(first) == logged.read(first)

    again = reader.read(second)

    assert again == logged.read(second)
    assert (again.id, again.microseconds, again.outcome) == ("d-2", 7, "refused")
    assert again.time > logged.read(first).time


@pytest.mark.parametrize(
    "more",
    [{"user": "bob"}, {"allowed": True}, {"version": 1}, {"alike": 5}, {"image": None}],
)
def test_a_line_that_differs_in_more_is_read_anew(more: dict[str, Any]) -> None:
    reader = DecisionReader()
    reader.read(compact(violation()))

    assert reader.read(compact(violation(), **more)) == logged.read(compact(violation(), **more))


@pytest.mark.parametrize("name", ['"id"', '"\\u0069d"', '"time"', '"version"', '"microseconds"'])
def test_a_line_that_says_a_name_twice_is_never_taken_for_another(name: str) -> None:
    reader = DecisionReader()
    twice = compact(violation()).replace(b'"user"', name.encode() + b':"d-x","user"')
    later = twice.replace(b"d-0123456789ab", b"d-2")
    for each in (twice, later):
        try:
            expected: Logged | None = logged.read(each)
        except NoDecision:
            expected = None
        assert read_or_none(reader, each) == expected


def test_a_repeated_line_with_a_time_that_is_none_is_no_decision() -> None:
    reader = DecisionReader()
    reader.read(compact(violation()))

    with pytest.raises(NoDecision):
        reader.read(compact(violation(), time="2026-13-24T16:00:00.123Z"))


def test_what_is_kept_of_earlier_lines_is_bounded() -> None:
    reader = DecisionReader()
    for number in range(5000):
        reader.read(compact(violation(), user=f"user-{number}"))
    reader.read(compact(violation(), path="/x" * 4000))

    assert len(reader._known) <= 4096
    assert max(map(len, reader._known)) <= 4096


def compact(*violations: dict[str, Any], **more: Any) -> bytes:
    """A line without spaces, as Portero writes it: how long it took stands last."""
    made = decision(*violations, **more)
    made["microseconds"] = made.pop("microseconds")
    return json.dumps(made, separators=(",", ":")).encode() + b"\n"


def read_or_none(reader: DecisionReader, line: bytes) -> Logged | None:
    try:
        return reader.read(line)
    except NoDecision:
        return None
