"""A private key is read only where nobody else can read it."""

from pathlib import Path

import pytest

from portero.cli import secret_input
from portero.signing import signature


def test_a_key_of_its_owner_is_read(tmp_path: Path) -> None:
    key = signature.new_key()
    (tmp_path / "key").write_bytes(signature.private_text(key))
    (tmp_path / "key").chmod(0o600)

    assert secret_input.read(tmp_path / "key").public_key() == key.public_key()


@pytest.mark.parametrize(
    ("text", "mode", "fault"),
    [
        (signature.private_text(signature.new_key()), 0o640, "others can read this private key"),
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
        secret_input.read(tmp_path / "key")

    assert ended.value.code == 2
    assert f"portero: {tmp_path}/key: {fault}" in capsys.readouterr().err
