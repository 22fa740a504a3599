"""A command whose reader ends is ended by SIGPIPE; a bar shows long work on a terminal, and nothing elsewhere."""

import io
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from portero.tools.terminal.output import end_with_reader, show_progress

PORTERO = (sys.executable, "-m", "portero")


def status_without_a_reader(*arguments: str) -> int:
    """The exit status as subprocess has it: a negative number is a signal."""
    reader, writer = os.pipe()
    os.close(reader)
    try:
        done = subprocess.run([*PORTERO, *arguments], stdout=writer, stderr=subprocess.PIPE, timeout=60, check=False)
    finally:
        os.close(writer)
    assert re.fullmatch(rb"(portero: judged by .*\n)?", done.stderr)
    return done.returncode


ARGUMENTS = [["explain"], ["explain", "--json"], ["--help"], ["explain", "--help"], ["--version"]]


@pytest.mark.parametrize("arguments", ARGUMENTS)
def test_a_reader_that_has_gone_ends_a_command_by_sigpipe(arguments: list[str]) -> None:
    assert status_without_a_reader(*arguments) == -signal.SIGPIPE


def test_a_reader_of_standard_error_that_has_gone_counts_as_well() -> None:
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run([*PORTERO, "explain", "--profile", "x"], stderr=writer, timeout=60, check=False)
    os.close(writer)

    assert done.returncode == -signal.SIGPIPE


def test_another_pipe_that_breaks_is_an_error() -> None:
    with pytest.raises(BrokenPipeError), end_with_reader():
        raise BrokenPipeError


class Terminal(io.StringIO):
    """Text that takes itself for a terminal."""

    def isatty(self) -> bool:
        return True


def test_a_terminal_sees_how_far_the_work_is(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)

    assert list(show_progress(["a", "b"], "letters")) == ["a", "b"]
    assert "letters" in terminal.getvalue()
    assert "100%" in terminal.getvalue()


def test_elsewhere_nothing_is_written(capsys: pytest.CaptureFixture[str]) -> None:
    assert list(show_progress(["a", "b"], "letters")) == ["a", "b"]
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize("arguments", [["explain"], ["explain", "--json"]])
def test_a_full_disk_ends_a_command_with_a_sentence_and_refuses_nothing(arguments: list[str]) -> None:
    with open("/dev/full", "wb") as full:
        done = subprocess.run([*PORTERO, *arguments], stdout=full, stderr=subprocess.PIPE, timeout=60, check=False)

    assert done.returncode == 2
    assert done.stderr.endswith(b"\nError: the output cannot be written: No space left on device\n")


def test_where_standard_error_is_full_the_rest_is_said_all_the_same(tmp_path: Path) -> None:
    def run(*arguments: object) -> tuple[int, bytes]:
        with open("/dev/full", "wb") as full:
            words = [*PORTERO, *map(str, arguments)]
            done = subprocess.run(words, stdout=subprocess.PIPE, stderr=full, timeout=60, check=False)
        return done.returncode, done.stdout

    missing = run("status", "--socket", tmp_path / "none.sock")
    listed = run("explain", "--profile", "baseline", "--json")

    assert missing == (2, b"")
    assert listed[0] == 0
    assert listed[1].endswith(b"]\n")
