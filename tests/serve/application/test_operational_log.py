"""The operational log: one line a message on standard error."""

import io
import logging
import os
import time

import pytest

from portero.serve.application import operational_log

LOG = logging.getLogger("portero.test")


@pytest.fixture(autouse=True)
def _started() -> None:
    operational_log.start()
    operational_log.start()


@pytest.mark.parametrize(
    ("level", "line"),
    [
        (logging.DEBUG, ""),
        (logging.INFO, "portero: it runs\n"),
        (logging.WARNING, "portero: warning: it runs\n"),
        (logging.ERROR, "portero: error: it runs\n"),
    ],
)
def test_the_level_is_named_from_warning_on(level: int, line: str, capsys: pytest.CaptureFixture[str]) -> None:
    LOG.log(level, "it %s", "runs")

    assert capsys.readouterr().err == line


def test_a_message_cannot_begin_a_second_line_nor_can_another_librarys(capsys: pytest.CaptureFixture[str]) -> None:
    LOG.warning("%s", "a\nportero: forged\x1b[2J")
    other = logging.getLogger("other.test")
    other.propagate = False
    other.addHandler(logging.StreamHandler(io.StringIO()))
    operational_log.redirect_logger(other)
    other.error("it\nfails")

    own, others = capsys.readouterr().err.splitlines()
    assert own == "portero: warning: a\\nportero: forged\\x1b[2J"
    assert others == "portero: error: it\\nfails"


def test_a_traceback_is_on_the_same_line(capsys: pytest.CaptureFixture[str]) -> None:
    try:
        raise ZeroDivisionError("by nothing")
    except ZeroDivisionError as error:
        LOG.error("internal error", exc_info=error)

    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("portero: error: internal error | Traceback (most recent call last): | File ")
    assert line.endswith(" | ZeroDivisionError: by nothing")


def test_a_closed_standard_error_fails_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    closed = io.StringIO()
    closed.close()
    monkeypatch.setattr("sys.stderr", closed)

    LOG.error("lost")


def test_messages_that_nobody_reads_hold_up_nothing_and_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    reader, writer = os.pipe()
    with open(reader, "rb", buffering=0) as read, open(writer, "w", encoding="utf-8") as stream:
        monkeypatch.setattr("sys.stderr", stream)
        began = time.monotonic()
        # Many times what a pipe holds; each is longer than what a pipe takes at once.
        for number in range(100):
            LOG.error("%d %s", number, "x" * 6000)
        assert time.monotonic() - began < 20

        first = read.read(1 << 20)
        LOG.error("the reader is back")
        rest = read.read(1 << 20)
    lost = 100 - first.count(b"\n")
    assert first.startswith(b"portero: error: 0 x")
    assert 80 < lost < 100
    told = f"\nportero: warning: {lost} messages were lost: standard error was full; see that what reads it"
    assert told in (first + rest).decode()
    assert rest.endswith(b"portero: error: the reader is back\n")
