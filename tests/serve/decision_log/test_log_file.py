"""Lines in a file or on standard output: whole ones, whatever happens to the file."""

import errno
import json
import os
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from portero.serve.decision_log import log_file
from portero.serve.decision_log.log_file import LineWriter, StandardOutput
from portero.serve.decision_log.log_state import LogState
from tests.failing import fail_with

FIRST, SECOND, THIRD = (json.dumps({"id": f"d-{number}"}) for number in (1, 2, 3))
_write = os.write


def opened(place: Path | str) -> LineWriter:
    return LineWriter(str(place), LogState(), synced=False)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "logs" / "decisions.jsonl"


@pytest.fixture
def log(path: Path) -> LineWriter:
    return opened(path)


def lines(path: Path) -> list[str]:
    return path.read_text().splitlines()


ROTATIONS: dict[str, Callable[[Path], object]] = {
    "renamed": lambda path: path.rename(path.with_suffix(".1")),
    "replaced by another one": lambda path: (path.parent.parent / "another").rename(path),
    "cut to nothing": lambda path: os.truncate(path, 0),
    "moved away with its folder": lambda path: path.parent.rename(path.parent.parent / "old"),
}


@pytest.mark.parametrize("rotate", ROTATIONS.values(), ids=ROTATIONS)
def test_after_a_rotation_the_next_lines_are_in_the_file_of_that_name(
    path: Path, log: LineWriter, rotate: Callable[[Path], object]
) -> None:
    (path.parent.parent / "another").touch()
    log.write(FIRST)

    rotate(path)
    log.write(SECOND)
    log.write(THIRD)

    assert path.read_text() == f"{SECOND}\n{THIRD}\n"


def test_a_file_that_another_one_replaces_is_left(path: Path, log: LineWriter) -> None:
    for number in range(4):
        log.write(f"{number}")
        assert lines(path) == [f"{number}"]

        # The number of a removed file is free for the next one as soon as nobody holds it open.
        path.unlink()
        if number % 2:
            path.touch()


def test_a_log_that_cannot_be_opened_after_a_rotation_is_an_error_until_it_can(path: Path, log: LineWriter) -> None:
    log.write(FIRST)
    rotated = path.rename(path.with_suffix(".1"))
    path.mkdir()
    for _ in range(2):
        with pytest.raises(IsADirectoryError):
            log.write(SECOND)

    path.rmdir()
    log.write(THIRD)

    assert (lines(rotated), lines(path)) == ([FIRST], [THIRD])


def take(size: int) -> Callable[[int, bytes], int]:
    """Takes only so many bytes."""
    return lambda descriptor, data: _write(descriptor, data[:size])


HALF = (take(5), "only 5 of 14 bytes")


@pytest.mark.parametrize(
    "attempts",
    [[HALF], [HALF, (take(0), "only 0 of")], [HALF, (fail_with(errno.ENOSPC), "No space left")]],
    ids=["half a line", "then nothing", "then a full disk"],
)
def test_half_a_line_does_not_spoil_the_next(
    path: Path, log: LineWriter, monkeypatch: pytest.MonkeyPatch, attempts: list[tuple[Callable[..., int], str]]
) -> None:
    for write, error in attempts:
        monkeypatch.setattr(os, "write", write)
        with pytest.raises(OSError, match=error):
            log.write(FIRST)
    monkeypatch.setattr(os, "write", _write)

    log.write(SECOND)

    assert lines(path) == [FIRST[:5], SECOND]


@pytest.mark.parametrize("is_open", [False, True], ids=["before the start", "by a process that was killed"])
def test_half_a_line_that_was_left_is_no_part_of_the_next(path: Path, log: LineWriter, is_open: bool) -> None:
    log.write(FIRST)
    with path.open("a") as left:
        left.write('{"id":"d-2","vio')

    for line in (SECOND, THIRD):
        (log if is_open else opened(path)).write(line)

    assert path.read_text() == f'{FIRST}\n{{"id":"d-2","vio\n{SECOND}\n{THIRD}\n'


def test_a_file_that_is_cut_while_it_is_looked_at_has_no_half_line(
    path: Path, log: LineWriter, monkeypatch: pytest.MonkeyPatch
) -> None:
    log.write(FIRST)
    another, read = opened(path), os.pread

    def cut(descriptor: int, most: int, offset: int) -> bytes:
        os.truncate(path, 0)
        return read(descriptor, most, offset)

    monkeypatch.setattr(os, "pread", cut)
    another.write(SECOND)

    assert lines(path) == [SECOND]


def test_where_the_end_cannot_be_read_a_line_starts_anew(
    path: Path, log: LineWriter, monkeypatch: pytest.MonkeyPatch
) -> None:
    log.write(FIRST)
    another = opened(path)
    monkeypatch.setattr(os, "pread", fail_with(errno.EIO))
    another.write(SECOND)

    assert lines(path) == [FIRST, "", SECOND]


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
