"""Lines in a file or on standard output: whole ones, whatever happens to the file."""

import errno
import json
import os
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from portero.decision_log import log_file
from portero.decision_log.log_file import LineWriter, StandardOutput
from portero.decision_log.log_state import LogState
from tests.failing import fail_with


def opened(place: Path | str) -> LineWriter:
    return LineWriter(str(place), LogState(), synced=False)


def lines(path: Path) -> list[object]:
    return [json.loads(line) for line in path.read_text().splitlines() if line]


def test_a_rotated_file_is_left_and_a_new_one_begun(tmp_path: Path) -> None:
    path = tmp_path / "decisions.jsonl"
    log = opened(path)
    log.write('{"id":"d-1"}')

    path.rename(tmp_path / "decisions.jsonl.1")
    log.write('{"id":"d-2"}')

    assert lines(tmp_path / "decisions.jsonl.1") == [{"id": "d-1"}]
    assert lines(path) == [{"id": "d-2"}]


def test_a_file_that_another_one_replaces_is_left(tmp_path: Path) -> None:
    path = tmp_path / "decisions.jsonl"
    log = opened(path)
    for number in range(4):
        log.write(json.dumps({"id": f"d-{number}"}))
        assert lines(path) == [{"id": f"d-{number}"}]

        # The number of a removed file is free for the next one as soon as nobody holds it open.
        path.unlink()
        if number % 2:
            path.touch()


def test_a_file_renamed_onto_the_name_takes_the_next_line(tmp_path: Path) -> None:
    path, fresh = tmp_path / "decisions.jsonl", tmp_path / "fresh"
    log = opened(path)
    log.write('{"id":"d-1"}')

    fresh.touch()
    fresh.rename(path)
    log.write('{"id":"d-2"}')
    log.write('{"id":"d-3"}')

    assert lines(path) == [{"id": "d-2"}, {"id": "d-3"}]


def test_a_file_cut_to_nothing_in_its_place_goes_on(tmp_path: Path) -> None:
    path = tmp_path / "decisions.jsonl"
    log = opened(path)
    log.write('{"id":"d-1"}')

    os.truncate(path, 0)
    log.write('{"id":"d-2"}')

    assert path.read_bytes() == b'{"id":"d-2"}\n'


def test_a_folder_that_goes_with_its_log_is_made_again(tmp_path: Path) -> None:
    path = tmp_path / "logs" / "decisions.jsonl"
    log = opened(path)
    log.write('{"id":"d-1"}')

    path.parent.rename(tmp_path / "old")
    log.write('{"id":"d-2"}')

    assert lines(path) == [{"id": "d-2"}]


def test_a_log_that_cannot_be_opened_after_a_rotation_is_an_error_until_it_can(tmp_path: Path) -> None:
    path = tmp_path / "decisions.jsonl"
    log = opened(path)
    path.rename(tmp_path / "decisions.jsonl.1")
    path.mkdir()
    for _ in range(2):
        with pytest.raises(IsADirectoryError):
            log.write('{"id":"d-1"}')

    path.rmdir()
    log.write('{"id":"d-2"}')

    assert lines(path) == [{"id": "d-2"}]
    assert lines(tmp_path / "decisions.jsonl.1") == []


def test_half_a_line_does_not_spoil_the_next(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "decisions.jsonl"
    log = opened(path)
    whole = os.write
    monkeypatch.setattr(os, "write", lambda descriptor, data: whole(descriptor, data[:5]))
    with pytest.raises(OSError, match="only 5 of 13 bytes"):
        log.write('{"id":"d-1"}')
    monkeypatch.undo()

    log.write('{"id":"d-2"}')

    assert path.read_text().splitlines() == ['{"id"', '{"id":"d-2"}']


def test_half_a_line_that_was_left_before_the_start_is_no_part_of_the_first(tmp_path: Path) -> None:
    path = tmp_path / "decisions.jsonl"
    path.write_text('{"id":"d-0"}\n{"id"')

    opened(path).write('{"id":"d-1"}')
    opened(path).write('{"id":"d-2"}')

    assert path.read_text() == '{"id":"d-0"}\n{"id"\n{"id":"d-1"}\n{"id":"d-2"}\n'


def test_nothing_written_after_half_a_line_leaves_the_half_line_known(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "decisions.jsonl"
    log = opened(path)
    whole = os.write
    for taken in (5, 0):
        monkeypatch.setattr(os, "write", lambda descriptor, data, most=taken: whole(descriptor, data[:most]))
        with pytest.raises(OSError, match=f"only {taken} of"):
            log.write('{"id":"d-1"}')
    monkeypatch.undo()

    log.write('{"id":"d-2"}')

    assert path.read_text().splitlines() == ['{"id"', '{"id":"d-2"}']


def test_a_full_disk_after_half_a_line_leaves_the_half_line_known(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "decisions.jsonl"
    log = opened(path)
    log.write('{"id":"d-0"}')
    whole = os.write
    monkeypatch.setattr(os, "write", lambda descriptor, data: whole(descriptor, data[:5]))
    with pytest.raises(OSError, match="only 5 of"):
        log.write('{"id":"d-1"}')
    monkeypatch.setattr(os, "write", fail_with(errno.ENOSPC))
    with pytest.raises(OSError, match="No space left"):
        log.write('{"id":"d-2"}')
    monkeypatch.undo()

    log.write('{"id":"d-3"}')

    assert path.read_text().splitlines() == ['{"id":"d-0"}', '{"id"', '{"id":"d-3"}']


def test_half_a_line_of_a_process_that_was_killed_is_no_part_of_the_next(tmp_path: Path) -> None:
    path = tmp_path / "decisions.jsonl"
    log = opened(path)
    log.write('{"id":"d-1"}')
    with path.open("a") as killed:
        killed.write('{"id":"d-2","vio')

    log.write('{"id":"d-3"}')
    log.write('{"id":"d-4"}')

    assert path.read_text() == '{"id":"d-1"}\n{"id":"d-2","vio\n{"id":"d-3"}\n{"id":"d-4"}\n'


def test_a_file_that_is_cut_while_it_is_looked_at_has_no_half_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "decisions.jsonl"
    opened(path).write('{"id":"d-1"}')
    log = opened(path)
    read = os.pread

    def cut(descriptor: int, most: int, offset: int) -> bytes:
        os.truncate(path, 0)
        return read(descriptor, most, offset)

    monkeypatch.setattr(os, "pread", cut)
    log.write('{"id":"d-2"}')

    assert path.read_text() == '{"id":"d-2"}\n'


def test_where_the_end_cannot_be_read_a_line_starts_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "decisions.jsonl"
    opened(path).write('{"id":"d-1"}')
    log = opened(path)
    monkeypatch.setattr(os, "pread", fail_with(errno.EIO))
    log.write('{"id":"d-2"}')

    assert path.read_text() == '{"id":"d-1"}\n\n{"id":"d-2"}\n'


def test_a_pipe_or_a_folder_in_place_of_the_file_is_an_error_and_no_wait(tmp_path: Path) -> None:
    path = tmp_path / "pipe"
    os.mkfifo(path)
    with pytest.raises(OSError, match="is not a regular file"):
        opened(path)

    reader = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    with pytest.raises(OSError, match="is not a regular file"):
        opened(path)
    os.close(reader)


def test_a_folder_that_cannot_be_made_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    with pytest.raises(OSError, match="file"):
        opened(tmp_path / "file" / "decisions.jsonl")


def test_standard_output_takes_the_lines_when_asked(capfd: pytest.CaptureFixture[str]) -> None:
    opened("-").write('{"id":"d-1"}')

    assert capfd.readouterr().out == '{"id":"d-1"}\n'


@contextmanager
def output_to(descriptor: int) -> Iterator[StandardOutput]:
    """Standard output of this process leads there meanwhile."""
    kept = os.dup(1)
    os.dup2(descriptor, 1)
    output = StandardOutput()
    try:
        yield output
    finally:
        if output._socket is not None:
            output._socket.close()
        elif output.descriptor != 1:
            os.close(output.descriptor)
        os.dup2(kept, 1)
        os.close(kept)


def fill(output: StandardOutput, data: bytes) -> int:
    """How many whole pieces went in before one did not."""
    pieces = 0
    while output.write(data) == len(data):
        pieces += 1
    return pieces


@pytest.mark.parametrize("size", [100, 20_000])
@pytest.mark.parametrize("kind", ["pipe", "socket"])
def test_a_reader_that_stands_still_costs_one_wait_and_reads_on_later(
    kind: str, size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(log_file, "_SECONDS", 0.2)
    ends = [end.detach() for end in socket.socketpair()] if kind == "socket" else [*os.pipe()]
    reader, writer = ends
    line = b"x" * (size - 1) + b"\n"
    with output_to(writer) as output:
        began = time.monotonic()
        written = fill(output, line)
        took = time.monotonic() - began
        began = time.monotonic()
        partial = [output.write(line) for _ in range(50)]
        took_later = time.monotonic() - began
        os.set_blocking(reader, False)
        received = 0
        while True:
            try:
                received += len(os.read(reader, 1 << 16))
            except BlockingIOError:
                break
        assert output.write(line) == len(line)
        assert os.get_blocking(writer)
    for end in ends:
        os.close(end)

    assert written > 0
    assert 0.2 <= took < 5
    assert took_later < 1
    assert received >= written * size + sum(partial)


def test_a_reader_that_has_gone_is_an_error() -> None:
    reader, writer = os.pipe()
    os.close(reader)
    with output_to(writer) as output, pytest.raises(BrokenPipeError):
        output.write(b"line\n")
    os.close(writer)
