"""The memory outlives the process, says what it cannot read or save, and is bounded."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from portero.decide.interfaces.member import Listed, Member, MemoryMoment
from portero.decide.values.json_fields import JSON
from portero.decide.values.refusals import Refused
from portero.observe.writers import writer_memory
from portero.observe.writers.writer_memory import DaemonMembers, WriterMemory
from tests.observe.writers.test_descriptors import FAR, HELPER, SERVICE, WRITER

RUNNING = {one.id: one for one in (HELPER, WRITER)}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "state" / "writers.jsonl"


def begin(file: Path | None, process: str = "1 1") -> DaemonMembers:
    """A request's view in a process that has just started."""
    return WriterMemory(file).at("/var/lib/docker", process)


def find_all(members: DaemonMembers) -> Mapping[str, Member]:
    """The members that are known at a daemon."""
    return {**members.memory.read(members.moment.daemon).members}


def list_changed(members: DaemonMembers, listed: Listed) -> list[str]:
    """The containers of a list that are to be read."""
    read = list[str]()
    members.follow(listed, (), lambda id, member: read.append(id) or member)  # type: ignore[func-returns-value]
    return read


def note(members: DaemonMembers, *started: Member) -> None:
    """These start; what each asks for was seen in this request."""
    members.memory.commit(members.moment, None, started)


def follow_list(
    members: DaemonMembers, listed: Listed, seen: Mapping[str, Member], removed: frozenset[str] = frozenset()
) -> Mapping[str, Member]:
    found = members.follow(listed, (), lambda id, member: None if id in removed else seen.get(id, member))
    members.memory.commit(members.moment, found)
    return found.holders


def follow(members: DaemonMembers, *seen: Member) -> Mapping[str, Member]:
    """A list that has these alone."""
    return follow_list(members, {one.id: {} for one in seen}, {one.id: one for one in seen})


def test_another_process_remembers(file: Path) -> None:
    first = begin(file)
    note(first, WRITER, HELPER)
    assert "helper" not in find_all(begin(None))
    follow(first, HELPER)  # as if it had been asked for before the two were noted
    assert find_all(begin(file)).keys() == RUNNING.keys()

    found = follow(begin(file), HELPER)

    assert {id: one.held for id, one in found.items()} == {"helper": frozenset({"/srv/media"})}
    assert {id: one.held for id, one in find_all(begin(file)).items()} == {"helper": frozenset({"/srv/media"})}
    assert file.stat().st_mode & 0o777 == 0o600


def test_who_can_meet_another_one_is_known_as_they_come_and_go(file: Path) -> None:
    first = begin(file)
    note(first, WRITER)
    assert [first.has_other_for(one) for one in (HELPER, WRITER)] == [True, False]
    second = begin(file)
    assert [second.has_other_for(one) for one in (HELPER, WRITER)] == [True, False]
    follow(second)
    assert not second.has_other_for(HELPER)


def test_a_create_is_refused_where_a_start_could_not_be_noted(file: Path) -> None:
    memory = WriterMemory(file)
    file.parent.write_text("a file")
    with pytest.raises(Refused, match="writers-unknown"):
        memory.commit(MemoryMoment("daemon", "1 1", 0))
    file.parent.unlink()
    memory.commit(MemoryMoment("daemon", "1 1", 0))

    assert (memory.failure, find_all(begin(file))) == ("", {})
    # What was written once is not written again, and the first start after that is noted beside it.
    file.parent.rename(file.parent.with_name("away"))
    memory.commit(MemoryMoment("daemon", "1 1", 0))
    file.parent.with_name("away").rename(file.parent)
    note(memory.at("/var/lib/docker", "1 1"), WRITER)
    assert find_all(begin(file)).keys() == {"writer"}


def test_what_does_not_fit_is_refused_and_nothing_is_forgotten(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    members = begin(file)
    note(members, WRITER)
    monkeypatch.setattr(writer_memory, "_MAX_RESOURCES", 2)

    with pytest.raises(Refused, match="writers-unknown"):
        note(members, HELPER)

    assert find_all(members).keys() == find_all(begin(file)).keys() == {"writer"}


def test_a_start_keeps_what_is_held_and_a_service_what_it_was(file: Path) -> None:
    members = begin(file)
    note(members, replace(HELPER, held=frozenset({"/srv/media"}), run="then"), SERVICE)
    note(members, replace(HELPER, state="restarting"), replace(SERVICE, writes=frozenset({"/srv/x"})))

    known = find_all(members)
    assert (known["helper"].held, known["helper"].run) == ({"/srv/media"}, "then")
    assert known["service web"].writes == {"/srv/media", "volume v", "/srv/x"}


@pytest.mark.parametrize(("meanwhile", "run"), [(False, "now"), (True, "")])
def test_what_was_found_out_of_a_holder_counts_unless_it_became_otherwise(
    file: Path, *, meanwhile: bool, run: str
) -> None:
    memory = WriterMemory(file)
    follow(memory.at("", "1"), HELPER, WRITER)
    members, listed = memory.at("", "1"), {"helper": {"Id": "helper"}}
    foreseen = members.follow(listed, (), lambda id, member: HELPER)
    assert foreseen.holders["helper"].held == {"/srv/media"}
    if meanwhile:
        follow(memory.at("", "1"), HELPER)
        follow(memory.at("", "1"), HELPER, replace(FAR, shares=HELPER.shares, writes=FAR.writes | HELPER.shares))
        follow(memory.at("", "1"), HELPER)
    found = {**foreseen.holders, "helper": replace(foreseen.holders["helper"], run="now")}
    memory.commit(members.moment, replace(foreseen, holders=found))

    assert find_all(memory.at("", ""))["helper"].run == run


def test_what_is_foreseen_changes_nothing(file: Path) -> None:
    memory = WriterMemory(file)
    follow(memory.at("", "1"), HELPER, WRITER)
    before, kept = find_all(memory.at("", "")), file.read_bytes()
    for _ in range(2):
        assert memory.at("", "1").follow({"helper": {}}, (), lambda id, member: HELPER).holders.keys() == {"helper"}

    assert (find_all(memory.at("", "")), file.read_bytes()) == (before, kept)


@pytest.mark.parametrize(("process", "holds"), [("1 1", False), ("2 1", True), ("", True)])
def test_a_dockerd_that_is_another_one_may_have_started_what_rested(file: Path, process: str, *, holds: bool) -> None:
    resting = replace(WRITER, state="rests")
    follow(begin(file), HELPER, resting)

    found = follow(begin(file, process), HELPER)

    assert ("helper" in found) is holds


def test_a_list_that_cannot_be_saved_leaves_the_restart_of_dockerd_to_the_next(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    memory, resting = WriterMemory(file), replace(WRITER, state="rests")
    follow(memory.at("", "1 1"), HELPER, resting)
    with monkeypatch.context() as patch:
        patch.setattr(writer_memory, "_MAX_RESOURCES", 0)
        with pytest.raises(Refused):
            follow(memory.at("", "2 1"), HELPER, resting, FAR)

    assert "helper" in follow(memory.at("", "2 1"), HELPER)


def test_of_a_list_that_is_as_it_was_only_what_may_change_is_looked_at() -> None:
    memory = WriterMemory(None)
    memory.turn = WRITER.turn
    members = memory.at("", "1")
    listed = {"helper": {"Id": "helper"}, "writer": {"Id": "writer"}}
    assert list_changed(members, listed) == ["helper", "writer"]
    follow_list(members, listed, RUNNING)
    assert list_changed(members, listed) == []
    assert (follow_list(members, listed, {}), find_all(members)) == ({}, RUNNING)

    note(members, replace(HELPER, state="starting"))
    assert list_changed(members, listed) == ["helper"]
    follow_list(members, listed, {"helper": HELPER})
    later = {**listed, "writer": {"Id": "writer"}, "far": {"Id": "far"}}
    assert list_changed(members, later) == ["writer", "far"]
    # Gone when it was asked for: it is not known, and is asked for again.
    follow_list(members, later, {"writer": WRITER}, frozenset({"far"}))
    assert list_changed(members, later) == [*later]

    found = follow_list(members, listed_without(later, "writer"), {})
    assert {id: one.held for id, one in found.items()} == {"helper": frozenset({"/srv/media"})}
    # Who holds something is looked at each time.
    assert list_changed(members, listed) == ["helper", "writer"]
    assert follow_list(members, {"helper": listed["helper"]}, {"helper": HELPER}).keys() == {"helper"}


def listed_without(listed: Mapping[str, Mapping[str, JSON]], id: str) -> Mapping[str, Mapping[str, JSON]]:
    return {other: one for other, one in listed.items() if other not in (id, "far")}
