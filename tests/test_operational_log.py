"""The operational log: one line a message on standard error."""

import io
import logging

import pytest

from portero import operational_log

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


def test_a_message_cannot_begin_a_second_line(capsys: pytest.CaptureFixture[str]) -> None:
    LOG.warning("%s", "a\nportero: forged\x1b[2J")

    assert capsys.readouterr().err == "portero: warning: a\\nportero: forged\\x1b[2J\n"


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
