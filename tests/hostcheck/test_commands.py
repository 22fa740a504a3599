"""A program's output is what it prints; one that fails, is missing or takes too long is an OSError."""

import pytest

from portero.hostcheck import commands
from portero.hostcheck.commands import run_command


def test_what_a_program_prints_is_returned() -> None:
    assert run_command(["/bin/echo", "in force"]) == "in force\n"


def test_a_program_that_fails_is_named() -> None:
    with pytest.raises(OSError, match=r"^/bin/false failed$"):
        run_command(["/bin/false"])


def test_a_program_that_is_missing_is_an_error_of_the_host() -> None:
    with pytest.raises(FileNotFoundError):
        run_command(["/nowhere/program"])


def test_a_program_that_does_not_end_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(commands, "_LONGEST_WAIT", 0.2)

    with pytest.raises(OSError, match=r"^/bin/sleep failed$"):
        run_command(["/bin/sleep", "60"])
