"""Allowed reads that share a line: only what is asked all the time, and every one is counted."""

import json
from dataclasses import replace

import pytest

from portero.decision import Decision, Subject, refusal
from portero.service.log_line import LogLine
from portero.service.shared_lines import OPERATIONS, SharedLines
from tests.paths import SCHEMAS

PING = Subject(operation="SystemPing", method="GET", path="/_ping", user="alicia", reads=True)


def decision(subject: Subject = PING, **more: object) -> Decision:
    made = Decision(id="d-1", time=0.0, subject=subject, violations=(), policy="p", profile="hardened", mode="enforce")
    return replace(made, **more)  # type: ignore[arg-type]


def add(lines: SharedLines, id: str, subject: Subject = PING) -> dict[str, object] | None:
    made = decision(subject, id=id)
    line = lines.add(LogLine(made, 1))
    return None if line is None else {"id": line.decision.id, "alike": line.alike}


def test_only_operations_that_read_and_look_nothing_up_may_share() -> None:
    table = json.loads((SCHEMAS / "operations.json").read_text())["operations"]
    known = {entry["id"]: entry for entry in table}

    assert known.keys() >= OPERATIONS
    assert [id for id in OPERATIONS if not known[id]["reads"] or "looksUp" in known[id]] == []


def test_by_default_nothing_is_shared() -> None:
    assert not SharedLines(1).may_share(decision())
    assert SharedLines(2).may_share(decision())


@pytest.mark.parametrize(
    "kept",
    [
        decision(violations=(refusal("internal-error", ""),)),
        decision(violations=(refusal("unknown-field", "x", "audit"),)),
        decision(breaks_glass=True),
        decision(replace(PING, trace="ab" * 16, parent_span="cd" * 8)),
        decision(replace(PING, operation="Unknown")),
        decision(replace(PING, operation="")),
        decision(replace(PING, operation="ContainerInspect")),
        decision(replace(PING, operation="ContainerArchive")),
        decision(replace(PING, operation="SwarmUnlockkey")),
        decision(replace(PING, operation="ContainerCreate", reads=False)),
    ],
    ids=[
        "refused",
        "reported",
        "break-glass",
        "traced",
        "unknown",
        "unreadable",
        "environment",
        "files",
        "key",
        "change",
    ],
)
def test_whatever_else_keeps_a_line_of_its_own(kept: Decision) -> None:
    assert not SharedLines(100).may_share(kept)


def test_the_first_has_its_own_line_and_each_further_line_stands_for_as_many_as_the_setting_says() -> None:
    lines = SharedLines(3)

    assert [add(lines, f"d-{number}") for number in range(8)] == [
        {"id": "d-0", "alike": 1},
        None,
        None,
        {"id": "d-3", "alike": 3},
        None,
        None,
        {"id": "d-6", "alike": 3},
        None,
    ]
    assert [line.decision.id for line in lines.take_all()] == ["d-7"]
    assert lines.take_all() == []


def test_what_was_only_counted_gets_a_line_at_the_end() -> None:
    lines = SharedLines(100)
    for number in range(5):
        add(lines, f"d-{number}")

    (line,) = lines.take_all()
    assert (line.decision.id, line.alike) == ("d-4", 4)


def test_users_and_operations_never_share_one() -> None:
    lines = SharedLines(100)
    others = [PING, replace(PING, user="bob"), replace(PING, operation="ContainerList"), replace(PING, groups=("dev",))]

    assert None not in [add(lines, "d-0", subject) for subject in others]


def test_kinds_without_room_keep_lines_of_their_own_and_idle_ones_make_room() -> None:
    lines = SharedLines(100)
    for number in range(256):
        add(lines, "d-0", replace(PING, user=f"user-{number}"))
    late = replace(PING, user="late")

    assert [add(lines, "d-1", late), add(lines, "d-2", late)] == [{"id": "d-1", "alike": 1}, {"id": "d-2", "alike": 1}]
    lines.take_all()
    assert [add(lines, "d-3", late), add(lines, "d-4", late)] == [{"id": "d-3", "alike": 1}, None]
