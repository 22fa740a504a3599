"""Tokens come from standard input."""

from collections.abc import Callable

import click
import pytest
from click.testing import CliRunner

from portero.cli.secret_input import read_claims, read_token
from tests.identity.token_makers import token


def printed(read: Callable[[], object], text: str) -> str:
    return CliRunner().invoke(click.command()(lambda: click.echo(read())), input=text).output


def test_white_space_around_a_token_is_left_out() -> None:
    assert printed(read_token, " \n a.b.c \n\n") == "a.b.c\n"


def test_somebody_who_types_it_does_not_see_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    monkeypatch.setattr(click, "prompt", lambda *given, **named: " a.b.c " if named["hide_input"] else "")

    assert read_token() == "a.b.c"


def test_claims_are_what_the_token_says() -> None:
    assert read_claims(token())["sub"] == "alicia"


def test_what_is_no_token_ends_the_command_without_a_part_of_it(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        read_claims("c2VjcmV0.c2VjcmV0.c2VjcmV0")

    said = capsys.readouterr().err
    assert said.startswith("portero: not a token: ")
    assert "c2VjcmV0" not in said
