"""Tokens come from standard input; a private key is read only where nobody else can read it."""

from collections.abc import Callable
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from portero.decide.identity import key_pairs
from portero.tools.terminal import secret_input
from portero.tools.terminal.secret_input import read_claims, read_token
from tests.decide.identity.token_makers import token


def printed(read: Callable[[], object], text: str | bytes) -> str:
    return CliRunner().invoke(click.command()(lambda: click.echo(read())), input=text).output


def test_white_space_around_a_token_is_left_out() -> None:
    assert printed(read_token, " \n a.b.c \n\n") == "a.b.c\n"


def test_bytes_that_are_no_text_are_read_as_such() -> None:
    assert printed(read_token, b"a.\xff.c") == "a.\ufffd.c\n"


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


def test_a_key_of_its_owner_is_read(tmp_path: Path) -> None:
    key = key_pairs.make_key()
    (tmp_path / "key").write_bytes(key_pairs.encode_private(key))
    (tmp_path / "key").chmod(0o600)

    assert secret_input.read_key(tmp_path / "key").public_key() == key.public_key()


@pytest.mark.parametrize(
    ("text", "mode", "fault"),
    [
        (
            key_pairs.encode_private(key_pairs.make_key()),
            0o640,
            "others can read this private key: chmod 600 it",
        ),
        (b"x", 0o600, "not a private key"),
        (None, 0, "No such file"),
    ],
)
def test_another_file_ends_the_command(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], text: bytes | None, mode: int, fault: str
) -> None:
    if text is not None:
        (tmp_path / "key").write_bytes(text)
        (tmp_path / "key").chmod(mode)

    with pytest.raises(SystemExit) as ended:
        secret_input.read_key(tmp_path / "key")

    assert ended.value.code == 2
    assert f"portero: {tmp_path}/key: {fault}" in capsys.readouterr().err


def test_a_device_without_an_end_is_no_key(capsys: pytest.CaptureFixture[str]) -> None:
    """It would take all memory."""
    with pytest.raises(SystemExit):
        secret_input.read_key(Path("/dev/zero"))

    assert "/dev/zero: " in capsys.readouterr().err
