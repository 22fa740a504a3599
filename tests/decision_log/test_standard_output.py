"""A reader that stands still holds up no writer for long."""

import os
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from portero.decision_log import standard_output
from portero.decision_log.standard_output import StandardOutput


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
    monkeypatch.setattr(standard_output, "_SECONDS", 0.2)
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
