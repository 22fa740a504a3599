"""The file holds what was noted whole, is none of another boot's, says why it cannot be used, and stays small."""

from pathlib import Path

import pytest

from portero.decide.values.refusals import Refused
from portero.observe.writers import writers_file
from portero.observe.writers.writer_memory import WriterMemory
from tests.observe.writers.test_descriptors import HELPER, WRITER
from tests.observe.writers.test_writer_memory import begin, find_all, note


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "state" / "writers.jsonl"


def test_what_an_interrupted_process_wrote_by_halves_was_never_allowed(file: Path) -> None:
    note(begin(file), WRITER)
    file.write_bytes(file.read_bytes() + b'["/var/lib/docker", "1 1", {"helper"')

    assert find_all(begin(file)).keys() == {"writer"}


def test_of_another_boot_nothing_is_left(file: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    note(begin(file), WRITER)
    with monkeypatch.context() as patched:
        (tmp_path / "boot").write_text("another\n")
        patched.setattr(writers_file, "_BOOT_ID", tmp_path / "boot")
        assert find_all(begin(file)) == {}

    file.write_bytes(b"")  # as a crash of the host leaves it
    assert find_all(begin(file)) == {}


@pytest.mark.parametrize("content", ["BOOT\n[]\n", "BOOT\n{\n", 'BOOT\n["a", "b", {"c": [1]}]\n'])
def test_a_file_that_is_none_of_ours_is_a_refusal_and_not_an_empty_memory(file: Path, content: str) -> None:
    file.parent.mkdir()
    file.write_text(content.replace("BOOT", writers_file._BOOT_ID.read_text().strip()))

    with pytest.raises(Refused, match="writers-unknown"):
        find_all(begin(file))


def test_what_cannot_be_read_or_saved_is_a_refusal_and_is_tried_again(file: Path) -> None:
    file.mkdir(parents=True)
    members = begin(file)
    with pytest.raises(Refused, match="writers-unknown"):
        find_all(members)
    file.rmdir()
    file.parent.rmdir()
    file.parent.write_text("a file")
    with pytest.raises(Refused, match="writers-unknown"):
        note(members, WRITER)
    file.parent.unlink()
    note(members, HELPER)

    assert find_all(begin(file)).keys() == {"helper"}


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


def test_the_file_does_not_grow_for_ever(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writers_file, "_GROWTH_BYTES", 100)
    members = begin(file)
    sizes = set()
    for _ in range(50):
        note(members, WRITER)
        sizes.add(file.stat().st_size)

    # How long a line is depends on the time in it.
    assert len(sizes) > 2
    assert max(sizes) < 3 * min(sizes) + 100
    assert find_all(begin(file)).keys() == {"writer"}


def test_the_file_never_grows_beyond_what_is_read(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    members = begin(file)
    note(members, WRITER)
    monkeypatch.setattr(writers_file, "_MAX_BYTES", 4 * file.stat().st_size)
    for _ in range(10):
        note(members, WRITER)
        assert find_all(begin(file)).keys() == {"writer"}
