"""The recording on the disk: bounded, whole lines only, and never in the way of a decision."""

import errno
import fcntl
import json
import os
from concurrent.futures import ThreadPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import pytest

from portero.decide.decision import Decision, Subject
from portero.decide.values.errors import LoadError
from portero.tools.recording.recorder import Recorder, check_recorder
from tests.decided import decided

ASKED = b'{"RequestMethod": "GET", "RequestUri": "/v1.45/info"}'


def decision(number: int) -> Decision:
    return decided(id=f"d-{number}", subject=Subject(operation="SystemInfo"))


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "requests.jsonl"


@pytest.fixture
def recorder(file: Path) -> Recorder:
    return Recorder(file, 1 << 20)


def record_many(file: Path, room: int, first: int, number: int) -> None:
    recorder = Recorder(file, room)
    for place in range(first, first + number):
        recorder.record(ASKED, decision(place))


def ids(file: Path) -> list[str]:
    return [json.loads(line)["decision"]["id"] for line in file.read_text().splitlines()] if file.exists() else []


def test_lines_are_appended_for_root_alone(tmp_path: Path) -> None:
    file = tmp_path / "new" / "requests.jsonl"

    record_many(file, 1 << 20, 0, 3)
    record_many(file, 1 << 20, 3, 1)

    assert ids(file) == ["d-0", "d-1", "d-2", "d-3"]
    assert file.stat().st_mode & 0o777 == 0o600


def test_the_recording_and_the_one_before_it_stay_within_their_room(tmp_path: Path, file: Path) -> None:
    room = 8000

    for place in range(100):
        record_many(file, room, place, 1)
        assert sum(entry.stat().st_size for entry in tmp_path.iterdir()) <= room

    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["requests.jsonl", "requests.jsonl.1"]
    kept = ids(tmp_path / "requests.jsonl.1") + ids(file)
    assert kept == [f"d-{place}" for place in range(100 - len(kept), 100)]
    assert len(kept) > 5


def test_a_file_that_was_moved_away_is_made_anew(tmp_path: Path, file: Path, recorder: Recorder) -> None:
    recorder.record(ASKED, decision(1))
    file.rename(tmp_path / "kept")

    recorder.record(ASKED, decision(2))

    assert (ids(tmp_path / "kept"), ids(file)) == (["d-1"], ["d-2"])


def test_a_file_that_is_moved_away_while_we_wait_for_it_is_not_written_to(
    tmp_path: Path, file: Path, recorder: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    genuine = fcntl.flock

    def after_somebody_moved_it(opened: int, operation: int) -> None:
        monkeypatch.setattr(fcntl, "flock", genuine)
        file.rename(tmp_path / "moved")
        genuine(opened, operation)

    monkeypatch.setattr(fcntl, "flock", after_somebody_moved_it)
    recorder.record(ASKED, decision(1))

    assert (ids(tmp_path / "moved"), ids(file)) == ([], ["d-1"])


def test_threads_and_processes_share_the_file_without_mixing_or_losing_lines(file: Path) -> None:
    room = 1 << 20
    processes = [get_context("spawn").Process(target=record_many, args=(file, room, n * 1000, 150)) for n in (1, 2)]
    for process in processes:
        process.start()
    with ThreadPoolExecutor(4) as pool:
        [*pool.map(lambda n: record_many(file, room, n * 1000, 150), (3, 4, 5, 6))]
    for process in processes:
        process.join()
        assert process.exitcode == 0

    assert sorted(ids(file)) == sorted(f"d-{n * 1000 + place}" for n in range(1, 7) for place in range(150))


def test_a_recording_that_cannot_be_written_is_reported_once_and_goes_on_when_it_can(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    file = tmp_path / "folder" / "requests.jsonl"
    recorder = Recorder(file, 1 << 20)
    file.unlink()
    file.parent.rmdir()

    recorder.record(ASKED, decision(1))
    recorder.record(ASKED, decision(2))

    assert caplog.messages == [f"{file}: cannot record requests: No such file or directory"]
    file.parent.mkdir()
    recorder.record(ASKED, decision(3))
    assert ids(file) == ["d-3"]


def test_half_a_line_on_a_full_disk_is_taken_back(
    file: Path, recorder: Recorder, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    recorder.record(ASKED, decision(1))
    whole = os.write
    monkeypatch.setattr(os, "write", lambda descriptor, data: whole(descriptor, data[:10]))

    recorder.record(ASKED, decision(2))

    assert ids(file) == ["d-1"]
    assert os.strerror(errno.ENOSPC) in caplog.text


@pytest.mark.parametrize("place", ["passwd/requests.jsonl", "link"], ids=["below a file", "a link"])
def test_a_place_that_cannot_be_had_is_an_error_at_the_start(tmp_path: Path, place: str) -> None:
    (tmp_path / "passwd").write_text("root")
    (tmp_path / "link").symlink_to("passwd")

    with pytest.raises(OSError, match=place.partition("/")[0]):
        Recorder(tmp_path / place, 1 << 20)
    assert (tmp_path / "passwd").read_text() == "root"


def test_a_file_that_all_could_read_is_its_owners_from_then_on(file: Path) -> None:
    file.write_text("")
    file.chmod(0o644)

    Recorder(file, 1 << 20)

    assert file.stat().st_mode & 0o777 == 0o600


def test_a_pipe_or_a_device_is_refused_without_waiting(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    reader = -1
    try:
        for path in (tmp_path / "pipe", Path("/dev/null"), Path("/dev/zero")):
            with pytest.raises(OSError, match="is not a regular file"):
                Recorder(path, 1 << 20)
        reader = os.open(tmp_path / "pipe", os.O_RDONLY | os.O_NONBLOCK)
        with pytest.raises(OSError, match="is not a regular file"):
            Recorder(tmp_path / "pipe", 1 << 20)
    finally:
        if reader >= 0:
            os.close(reader)


def test_a_pipe_that_takes_the_place_of_the_recording_gets_nothing_and_is_reported(
    file: Path, recorder: Recorder, caplog: pytest.LogCaptureFixture
) -> None:
    file.unlink()
    os.mkfifo(file)
    reader = os.open(file, os.O_RDONLY | os.O_NONBLOCK)
    try:
        recorder.record(ASKED, decision(1))
        assert os.read(reader, 1) == b""
    finally:
        os.close(reader)

    assert caplog.messages == [f"{file}: cannot record requests: is not a regular file"]


def test_a_check_changes_no_recording(tmp_path: Path, file: Path) -> None:
    check_recorder(tmp_path / "new" / "requests.jsonl")
    assert [*tmp_path.iterdir()] == []

    file.write_text("a line")
    file.chmod(0o644)
    check_recorder(file)
    assert (file.read_text(), file.stat().st_mode & 0o777) == ("a line", 0o644)

    (tmp_path / "link").symlink_to("nowhere")
    for wrong in (tmp_path, file / "below", tmp_path / "link", Path("/proc/none/file")):
        with pytest.raises(LoadError, match=f"PORTERO_RECORD: {wrong}: .*; name a file that can be written"):
            check_recorder(wrong)
