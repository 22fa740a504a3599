"""A command whose reader ends is ended by SIGPIPE; a bar shows long work on a terminal, and nothing elsewhere."""

import io
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from portero.tools.cli import main
from portero.tools.terminal.output import end_with_reader, show_lines, show_progress

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


PRIVILEGED = b'{"operation": "ContainerCreate", "body": {"Image": "busybox", "HostConfig": {"Privileged": true}}}'
CHECK = ("check", "-", "--host-root", "none", "--profile", "baseline")
RED = "\x1b[31mdenied\x1b[0m"


@pytest.mark.parametrize(
    ("arguments", "environ", "is_painted"),
    [
        (CHECK, {}, True),
        (CHECK, {"NO_COLOR": ""}, True),
        (CHECK, {"NO_COLOR": "1"}, False),
        (("--no-color", *CHECK), {}, False),
        ((*CHECK, "--no-color"), {}, False),
    ],
)
def test_the_verdict_has_a_color_on_a_terminal_unless_the_user_wants_none(
    arguments: tuple[str, ...], environ: dict[str, str], is_painted: bool
) -> None:
    on_terminal, piped = (
        CliRunner().invoke(main, arguments, input=PRIVILEGED, env=environ, color=color) for color in (True, False)
    )

    assert (on_terminal.exit_code, piped.exit_code) == (1, 1)
    assert (f": ContainerCreate {RED}\n" in on_terminal.stdout) is is_painted
    assert ("\x1b[31mdenied: 1 of 1 request\x1b[0m\n" in on_terminal.stdout) is is_painted
    assert ("\x1b" in on_terminal.output) is is_painted
    assert "\x1b" not in piped.output


def test_a_real_terminal_is_painted() -> None:
    ours, theirs = os.openpty()
    environ = {name: value for name, value in os.environ.items() if name != "NO_COLOR"}
    subprocess.run([*PORTERO, *CHECK], input=PRIVILEGED, stdout=theirs, env=environ, timeout=60, check=False)
    os.close(theirs)
    with open(ours, "rb") as terminal:
        assert RED.encode() in terminal.read1()


@pytest.mark.parametrize(
    ("line", "painted"),
    [
        ("allowed  SystemPing", "\x1b[32mallowed\x1b[0m  SystemPing"),
        ("DENIED   ContainerCreate", "\x1b[31mDENIED\x1b[0m   ContainerCreate"),
        ("2 requests, 1 denied", "2 requests, 1 \x1b[31mdenied\x1b[0m"),
        ("2 requests, 0 denied", "2 requests, 0 denied"),
        ("  try: docker run", "\x1b[36m  try:\x1b[0m docker run"),
        ("attention  none", "\x1b[32mattention  none\x1b[0m"),
        ("attention  mode audit", "\x1b[31mattention  mode audit\x1b[0m"),
        ("it is denied here", "it is denied here"),
        ("allowed by \x1b[31m", "\x1b[32mallowed\x1b[0m by ?[31m"),
    ],
)
def test_only_verdicts_and_proposals_are_painted(
    line: str, painted: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("click.utils.should_strip_ansi", lambda *_: False)
    show_lines([line])

    assert capsys.readouterr().out == f"{painted}\n"
