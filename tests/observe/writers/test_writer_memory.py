"""The memory outlives the process, says what it cannot read or save, and is bounded."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from portero.decide.interfaces.member import Member, Sighting
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


Listed = Mapping[str, Mapping[str, JSON]]


def note(members: DaemonMembers, *started: Member) -> None:
    """These start; what each asks for was seen in this request."""
    members.memory.commit(members.moment, None, started)


def follow_list(
    members: DaemonMembers, listed: Listed, seen: Mapping[str, Member], removed: frozenset[str] = frozenset()
) -> Mapping[str, Member]:
    found = members.foresee(listed, seen, removed)
    members.memory.commit(members.moment, Sighting(listed, seen, removed, found, found), ())
    return found


def follow(members: DaemonMembers, *seen: Member) -> Mapping[str, Member]:
    """A list that has these alone."""
    return follow_list(members, {one.id: {} for one in seen}, {one.id: one for one in seen})


def test_another_process_remembers(file: Path) -> None:
    first = begin(file)
    note(first, WRITER, HELPER)
    assert "helper" not in begin(None).find_all()
    follow(first, HELPER)  # as if it had been asked for before the two were noted
    assert begin(file).find_all().keys() == RUNNING.keys()

    found = follow(begin(file), HELPER)

    assert {id: one.held for id, one in found.items()} == {"helper": frozenset({"/srv/media"})}
    assert {id: one.held for id, one in begin(file).find_all().items()} == {"helper": frozenset({"/srv/media"})}
    assert file.stat().st_mode & 0o777 == 0o600


def test_who_can_meet_another_one_is_known_as_they_come_and_go(file: Path) -> None:
    first = begin(file)
    note(first, WRITER)
    assert [first.has_other_for(one) for one in (HELPER, WRITER)] == [True, False]
    second = begin(file)
    assert [second.has_other_for(one) for one in (HELPER, WRITER)] == [True, False]
    follow(second)
    assert not second.has_other_for(HELPER)


def test_what_an_interrupted_process_wrote_by_halves_was_never_allowed(file: Path) -> None:
    note(begin(file), WRITER)
    file.write_bytes(file.read_bytes() + b'["/var/lib/docker", "1 1", {"helper"')

    assert begin(file).find_all().keys() == {"writer"}


def test_of_another_boot_nothing_is_left(file: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    note(begin(file), WRITER)
    with monkeypatch.context() as patched:
        (tmp_path / "boot").write_text("another\n")
        patched.setattr(writer_memory, "_BOOT_ID", tmp_path / "boot")
        assert begin(file).find_all() == {}

    file.write_bytes(b"")  # as a crash of the host leaves it
    assert begin(file).find_all() == {}


@pytest.mark.parametrize("content", ["BOOT\n[]\n", "BOOT\n{\n", 'BOOT\n["a", "b", {"c": [1]}]\n'])
def test_a_file_that_is_none_of_ours_is_a_refusal_and_not_an_empty_memory(file: Path, content: str) -> None:
    file.parent.mkdir()
    file.write_text(content.replace("BOOT", writer_memory._BOOT_ID.read_text().strip()))

    with pytest.raises(Refused, match="writers-unknown"):
        begin(file).find_all()


def test_what_cannot_be_read_or_saved_is_a_refusal_and_is_tried_again(file: Path) -> None:
    file.mkdir(parents=True)
    members = begin(file)
    with pytest.raises(Refused, match="writers-unknown"):
        members.find_all()
    file.rmdir()
    file.parent.rmdir()
    file.parent.write_text("a file")
    with pytest.raises(Refused, match="writers-unknown"):
        note(members, WRITER)
    file.parent.unlink()
    note(members, HELPER)

    assert begin(file).find_all().keys() == {"helper"}


def test_why_it_cannot_be_saved_is_kept_for_status_and_logged_once(
    file: Path, caplog: pytest.LogCaptureFixture
) -> None:
    memory = WriterMemory(file)
    members = memory.at("daemon", "process")
    file.parent.write_text("a file")
    for _ in range(2):
        with pytest.raises(Refused, match="writers-unknown"):
            note(members, WRITER)
    failing = memory.failure
    file.parent.unlink()
    note(members, HELPER)

    assert failing.startswith(f"{file}: cannot be ")
    assert "no container is made or started (writers-unknown): free disk space there" in failing
    assert [record.getMessage() for record in caplog.records] == [failing]
    assert memory.failure == ""


def test_a_create_is_refused_where_a_start_could_not_be_noted(file: Path) -> None:
    memory = WriterMemory(file)
    file.parent.write_text("a file")
    with pytest.raises(Refused, match="writers-unknown"):
        memory.prepare("daemon")
    file.parent.unlink()
    memory.prepare("daemon")

    assert (memory.failure, begin(file).find_all()) == ("", {})
    # What was written once is not written again, and the first start after that is noted beside it.
    file.parent.rename(file.parent.with_name("away"))
    memory.prepare("daemon")
    file.parent.with_name("away").rename(file.parent)
    note(memory.at("/var/lib/docker", "1 1"), WRITER)
    assert begin(file).find_all().keys() == {"writer"}


def test_what_does_not_fit_is_refused_and_nothing_is_forgotten(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    members = begin(file)
    note(members, WRITER)
    monkeypatch.setattr(writer_memory, "_MAX_RESOURCES", 2)

    with pytest.raises(Refused, match="writers-unknown"):
        note(members, HELPER)

    assert members.find_all().keys() == begin(file).find_all().keys() == {"writer"}


def test_the_file_does_not_grow_for_ever(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writer_memory, "_GROWTH_BYTES", 100)
    members = begin(file)
    sizes = set()
    for _ in range(50):
        note(members, WRITER)
        sizes.add(file.stat().st_size)

    # How long a line is depends on the time in it.
    assert len(sizes) > 2
    assert max(sizes) < 3 * min(sizes) + 100
    assert begin(file).find_all().keys() == {"writer"}


def test_the_file_never_grows_beyond_what_is_read(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    members = begin(file)
    note(members, WRITER)
    monkeypatch.setattr(writer_memory, "_MAX_BYTES", 4 * file.stat().st_size)
    for _ in range(10):
        note(members, WRITER)
        assert begin(file).find_all().keys() == {"writer"}


def test_a_start_keeps_what_is_held_and_a_service_what_it_was(file: Path) -> None:
    members = begin(file)
    note(members, replace(HELPER, held=frozenset({"/srv/media"}), run="then"), SERVICE)
    note(members, replace(HELPER, state="restarting"), replace(SERVICE, writes=frozenset({"/srv/x"})))

    known = members.find_all()
    assert (known["helper"].held, known["helper"].run) == ({"/srv/media"}, "then")
    assert known["service web"].writes == {"/srv/media", "volume v", "/srv/x"}


@pytest.mark.parametrize(("meanwhile", "run"), [(False, "now"), (True, "")])
def test_what_was_found_out_of_a_holder_counts_unless_it_became_otherwise(
    file: Path, *, meanwhile: bool, run: str
) -> None:
    memory = WriterMemory(file)
    follow(memory.at("", "1"), HELPER, WRITER)
    members, listed = memory.at("", "1"), {"helper": {"Id": "helper"}}
    foreseen = members.foresee(listed, {"helper": HELPER}, frozenset())
    assert foreseen["helper"].held == {"/srv/media"}
    if meanwhile:
        follow(memory.at("", "1"), HELPER)
        follow(memory.at("", "1"), HELPER, replace(FAR, shares=HELPER.shares, writes=FAR.writes | HELPER.shares))
        follow(memory.at("", "1"), HELPER)
    found = {**foreseen, "helper": replace(foreseen["helper"], run="now")}
    memory.commit(members.moment, Sighting(listed, {"helper": HELPER}, frozenset(), foreseen, found), ())

    assert memory.find_all("")["helper"].run == run


def test_what_is_foreseen_changes_nothing(file: Path) -> None:
    memory = WriterMemory(file)
    follow(memory.at("", "1"), HELPER, WRITER)
    before, kept = memory.find_all(""), file.read_bytes()
    for _ in range(2):
        assert memory.at("", "1").foresee({"helper": {}}, {"helper": HELPER}, frozenset()).keys() == {"helper"}

    assert (memory.find_all(""), file.read_bytes()) == (before, kept)


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
    assert members.list_changed(listed) == ["helper", "writer"]
    follow_list(members, listed, RUNNING)
    assert members.list_changed(listed) == []
    assert (follow_list(members, listed, {}), members.find_all()) == ({}, RUNNING)

    note(members, replace(HELPER, state="starting"))
    assert members.list_changed(listed) == ["helper"]
    follow_list(members, listed, {"helper": HELPER})
    later = {**listed, "writer": {"Id": "writer"}, "far": {"Id": "far"}}
    assert members.list_changed(later) == ["writer", "far"]
    # Gone when it was asked for: it is not known, and is asked for again.
    follow_list(members, later, {"writer": WRITER}, frozenset({"far"}))
    assert members.list_changed(later) == [*later]

    found = follow_list(members, listed_without(later, "writer"), {})
    assert {id: one.held for id, one in found.items()} == {"helper": frozenset({"/srv/media"})}
    # Who holds something is looked at each time.
    assert members.list_changed(listed) == ["helper", "writer"]
    assert follow_list(members, {"helper": listed["helper"]}, {"helper": HELPER}).keys() == {"helper"}


def listed_without(listed: Mapping[str, Mapping[str, JSON]], id: str) -> Mapping[str, Mapping[str, JSON]]:
    return {other: one for other, one in listed.items() if other not in (id, "far")}
