"""Who can hold what a container that is gone could write: those that could meet it while both ran, and no other."""

from dataclasses import replace
from typing import Any

import pytest

from portero.decide.interfaces.member import UNKNOWN, Member
from portero.observe.writers import descriptors
from portero.observe.writers.descriptors import follow_members
from tests.observe.writers.test_shared_resources import member

WRITER = replace(member("writer", "/srv/media", "volume v"), state="runs", turn=1)
HELPER = replace(member("helper", "volume v"), state="runs", turn=1)
FAR = replace(member("far", "volume w"), state="runs", turn=1)
BETWEEN = replace(member("between", "volume v", "volume w"), state="runs", turn=1)
SERVICE = replace(member("service web", "/srv/media", "volume v"), state="starting", turn=1)


def held(known: list[Member], seen: list[Member], *, now: float = 0.0, turn: int = 9, **more: Any) -> dict[str, str]:
    """What each holds that holds something."""
    by_id = [{one.id: one for one in members} for members in (known, seen)]
    found = follow_members(*by_id, turn, now, restarted=more.get("restarted", False))
    return {id: " ".join(sorted(one.held)) for id, one in found.items() if one.held}


def test_who_met_the_writer_holds_what_it_could_write() -> None:
    assert held([WRITER, HELPER, FAR], [WRITER, HELPER, FAR]) == {}
    assert held([WRITER, HELPER, FAR], [HELPER, FAR]) == {"helper": "/srv/media"}


def test_through_one_that_runs_or_is_gone_or_has_ended() -> None:
    for between in ([BETWEEN], [], [replace(BETWEEN, state="rests")]):
        found = held([WRITER, BETWEEN, FAR], [FAR, *between])
        assert found["far"] == "/srv/media volume v"
        assert set(found) == {"far", *(one.id for one in between if one.state == "runs")}


def test_what_is_held_is_passed_on_to_who_comes_later_until_its_holder_has_ended() -> None:
    holder = replace(HELPER, held=frozenset({"/srv/media"}))
    late = replace(member("late", "volume v"), state="runs")

    assert held([holder], [HELPER, late]) == {"helper": "/srv/media", "late": "/srv/media"}
    assert held([holder], [replace(HELPER, state="rests"), late]) == {"late": "/srv/media"}
    assert held([holder], [replace(HELPER, state="rests")]) == {}
    assert held([replace(holder, state="rests", held=frozenset())], [HELPER]) == {}


@pytest.mark.parametrize(
    ("before", "now", "holds"),
    [
        ("new", "runs", True),  # nobody knows when it started
        ("starting", "runs", True),
        ("starting", "new", True),  # dockerd runs it before it says so
        ("restarting", "rests", True),
        ("starting", "rests", False),
        ("rests", "rests", False),
    ],
)
def test_only_what_runs_holds(before: Any, now: Any, *, holds: bool) -> None:
    found = held([WRITER, replace(HELPER, state=before)], [replace(HELPER, state=now)])

    assert bool(found) is holds


def test_who_only_read_in_a_volume_could_meet_others_there() -> None:
    reading = replace(BETWEEN, writes=BETWEEN.writes - {"volume v"})

    assert held([reading, FAR], [FAR]) == {"far": "volume v"}


def test_who_only_read_above_others_and_is_gone_leaves_nothing() -> None:
    one, other = (replace(member(path, f"/srv/{path}"), state="runs") for path in ("a", "b"))
    backup = replace(member("backup"), shares=frozenset({"/srv"}), state="runs")

    assert held([one, other, backup], [one, other]) == {}


def test_a_container_of_which_nothing_is_known_has_others_meet_while_it_is_there_alone() -> None:
    unknown = replace(member("b"), shares=frozenset({UNKNOWN}), state="runs")
    writer = replace(WRITER, shares=WRITER.writes)
    known = {one.id: one for one in (unknown, writer, FAR)}

    found = follow_members(known, {one.id: one for one in (writer, FAR)}, 9, 0.0, restarted=False)

    assert all(UNKNOWN not in one.held for one in found.values())


@pytest.mark.parametrize(("gone", "run"), [(WRITER, ""), (FAR, "1"), (replace(HELPER, id="reader"), "1")])
def test_what_is_given_once_more_can_have_come_in_the_run_of_now(gone: Member, run: str) -> None:
    holder = replace(HELPER, held=frozenset({"/srv/media"}), run="1")
    known = {one.id: one for one in (holder, gone)}

    assert follow_members(known, {"helper": holder}, 9, 0.0, restarted=False) == {"helper": replace(holder, run=run)}


def test_while_nothing_changes_nobody_is_grouped(monkeypatch: pytest.MonkeyPatch) -> None:
    known = {one.id: one for one in (replace(HELPER, held=frozenset({"/srv/media"})), FAR)}
    grouped: list[object] = []
    monkeypatch.setattr(descriptors, "group_members", lambda members: grouped.append(members) or [])

    assert follow_members(known, known, 9, 0.0, restarted=False) == known
    assert not grouped
    for changed in (replace(FAR, state="rests"), replace(FAR, id="new"), replace(FAR, state="starting")):
        follow_members(known, known | {changed.id: changed}, 9, 0.0, restarted=False)
    asked = known | {"far": replace(FAR, state="starting")}
    follow_members(asked, asked, 9, 0.0, restarted=False)
    follow_members(known, {"helper": known["helper"]}, 9, 0.0, restarted=False)
    follow_members(known, known, 9, 0.0, restarted=True)
    assert len(grouped) == 6


def test_what_has_ended_is_passed_on_before_it_is_removed_and_what_never_ran_passes_nothing_on() -> None:
    assert held([WRITER, HELPER, FAR], [replace(WRITER, state="rests"), HELPER, FAR]) == {"helper": "/srv/media"}
    assert held([BETWEEN, FAR], [replace(BETWEEN, state="rests"), FAR]) == {"far": "volume v"}
    assert held([replace(WRITER, state="new"), HELPER], [HELPER]) == {}
    assert held([WRITER, replace(BETWEEN, state="rests"), FAR], [replace(BETWEEN, state="rests"), FAR]) == {}


def test_another_dockerd_may_have_started_what_rested() -> None:
    resting = [WRITER, replace(BETWEEN, state="rests"), FAR]

    assert set(held(resting, resting[1:], restarted=True)) == {"far"}


@pytest.mark.parametrize(("before", "holds"), [("rests", {"helper"}), ("new", set[str]())])
def test_what_another_dockerd_started_may_rest_again(before: Any, holds: set[str]) -> None:
    ran = replace(WRITER, state=before)

    assert set(held([ran, HELPER], [replace(ran, turn=0), HELPER], restarted=True)) == holds


@pytest.mark.parametrize(
    ("before", "states"), [("starting", ["starting", "rests", "runs"]), ("restarting", ["restarting"] * 2 + ["runs"])]
)
def test_what_was_asked_to_start_is_awaited(before: Any, states: list[str]) -> None:
    known = {"helper": replace(HELPER, state=before)}
    seen: Any = ("new", "rests", "runs")

    for now, after in zip(seen, states, strict=True):
        assert (
            follow_members(known, {"helper": replace(HELPER, state=now)}, 9, 0.0, restarted=False)["helper"].state
            == after
        )


def test_what_was_noted_after_the_list_was_asked_for_is_not_gone() -> None:
    noted = replace(HELPER, turn=10, state="starting")

    assert held([WRITER, noted], [], turn=9) == {"helper": "/srv/media"}
    assert held([WRITER, noted], [], turn=10) == {}


def test_a_service_that_is_not_listed_yet_is_awaited_and_holds_nothing() -> None:
    assert held([SERVICE, HELPER], [HELPER], now=59.0) == {}
    assert held([WRITER, SERVICE, HELPER], [HELPER], now=59.0) == {"helper": "/srv/media"}
    assert held([SERVICE, HELPER], [HELPER], now=61.0) == {"helper": "/srv/media"}


def test_what_tasks_of_former_settings_could_write_is_passed_on() -> None:
    known = replace(SERVICE, state="runs")
    changed = replace(member("service web", "volume v"), state="runs")

    assert held([known, HELPER], [changed, HELPER]) == {"helper": "/srv/media"}
