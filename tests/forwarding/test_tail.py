"""The log read as it grows, through rotations, from where reading stopped."""

import gzip
import os
from pathlib import Path

import pytest

from portero.forwarding import tail
from portero.forwarding.tail import LogTail, Position


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tail, "_STILL_WRITTEN", 0.0)


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "decisions.jsonl"


def append(log: Path, *lines: str) -> None:
    with log.open("a") as opened:
        opened.write("".join(f"{line}\n" for line in lines))


def rotate(log: Path) -> None:
    for number in (2, 1):
        if (old := log.with_name(f"{log.name}.{number}")).exists():
            old.rename(log.with_name(f"{log.name}.{number + 1}"))
    log.rename(log.with_name(f"{log.name}.1"))


def read_all(reader: LogTail) -> list[str]:
    found: list[str] = []
    while True:
        lines, after = reader.read()
        reader.take(after)
        if not lines:
            return found
        found += [line.decode() for line in lines if line]


def test_lines_come_once_and_half_a_line_waits(log: Path) -> None:
    append(log, "1", "2")
    with log.open("a") as opened:
        opened.write("3 is not who")
    reader = LogTail(log, Position())

    assert read_all(reader) == ["1", "2"]
    assert read_all(reader) == []
    append(log, "le")
    assert read_all(reader) == ["3 is not whole"]
    assert reader.count_behind() == 0


def test_what_was_not_taken_comes_again(log: Path) -> None:
    append(log, "1")
    reader = LogTail(log, Position())

    assert reader.read()[0] == reader.read()[0]


def test_rotations_lose_nothing(log: Path) -> None:
    append(log, "1")
    reader = LogTail(log, Position())
    assert read_all(reader) == ["1"]
    append(log, "2")
    rotate(log)
    append(log, "3")
    rotate(log)
    append(log, "4")

    assert read_all(reader) == ["2", "3", "4"]
    assert reader.gaps == 0


def test_a_line_that_was_on_its_way_while_the_file_was_moved_is_waited_for(
    log: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    append(log, "1")
    reader = LogTail(log, Position())
    assert read_all(reader) == ["1"]
    monkeypatch.setattr(tail, "_STILL_WRITTEN", 3600.0)
    rotate(log)
    append(log, "3")
    assert read_all(reader) == []

    append(log.with_name(f"{log.name}.1"), "2")
    assert read_all(reader) == ["2"]
    monkeypatch.setattr(tail, "_STILL_WRITTEN", 0.0)
    assert read_all(reader) == ["3"]


def test_it_goes_on_where_another_process_stopped(log: Path) -> None:
    append(log, "1", "2")
    first = LogTail(log, Position())
    _, after = first.read()
    first.close()
    append(log, "3")
    rotate(log)
    append(log, "4")

    assert read_all(LogTail(log, after)) == ["3", "4"]


def test_what_was_compressed_before_it_was_read_is_a_gap(log: Path) -> None:
    append(log, "1")
    reader = LogTail(log, Position())
    _, after = reader.read()
    reader.close()
    rotate(log)
    moved = log.with_name(f"{log.name}.1")
    log.with_name(f"{log.name}.2.gz").write_bytes(gzip.compress(moved.read_bytes()))
    append(log, "3")
    moved.unlink()
    rotate(log)
    # This one can have the inode of the file that was removed.
    append(log, "4")
    reader = LogTail(log, after)

    assert read_all(reader) == ["3", "4"]
    assert reader.gaps == 1


def test_a_log_that_was_cut_short_is_read_from_its_start(log: Path) -> None:
    append(log, "1", "2", "3")
    reader = LogTail(log, Position(log.stat().st_ino, 1000, "of another"))

    assert read_all(reader) == ["1", "2", "3"]
    assert reader.gaps == 1


def test_without_a_log_there_is_nothing_to_read(log: Path) -> None:
    with pytest.raises(FileNotFoundError):
        LogTail(log, Position()).read()
    assert os.listdir(log.parent) == []
