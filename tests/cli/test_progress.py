"""A bar for long work on a terminal, and nothing elsewhere."""

import io
import sys

import pytest

from portero.cli.terminal import shown


class Terminal(io.StringIO):
    """Text that takes itself for a terminal."""

    def isatty(self) -> bool:
        return True


def test_a_terminal_sees_how_far_the_work_is(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)

    assert list(shown(["a", "b"], "letters")) == ["a", "b"]
    assert "letters" in terminal.getvalue()
    assert "100%" in terminal.getvalue()


def test_elsewhere_nothing_is_written(capsys: pytest.CaptureFixture[str]) -> None:
    assert list(shown(["a", "b"], "letters")) == ["a", "b"]
    assert capsys.readouterr() == ("", "")
