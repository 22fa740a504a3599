"""State files: what was written comes back; what is there in another format is an error, and never nothing."""

import os
from pathlib import Path

import pytest

from portero.files.state_file import read_state, write_state


def test_what_was_written_comes_back(tmp_path: Path) -> None:
    file = tmp_path / "state.json"
    assert read_state(file, 2) is None

    write_state(file, 2, {"name": "x"}, 0o600)

    assert read_state(file, 2) == {"name": "x"}
    assert file.stat().st_mode & 0o777 == 0o600
    assert os.listdir(tmp_path) == ["state.json"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "is not as portero writes it"),
        ('{"format": 2, "name": ', "is not as portero writes it"),
        ("[" * 100_000, "is not as portero writes it"),
        ('{"format": 2, "name": "x", "name": "y"}', "is not as portero writes it"),
        ("[]", "is not of format 2"),
        ("{}", "is not of format 2"),
        ('{"format": 1, "name": "x"}', "is not of format 2"),
    ],
)
def test_anything_else_is_an_error_that_names_the_file(tmp_path: Path, text: str, words: str) -> None:
    file = tmp_path / "state.json"
    file.write_text(text)

    with pytest.raises(ValueError, match=f"{file}: {words}"):
        read_state(file, 2)


def test_a_file_that_cannot_be_read_is_no_missing_one(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="is not a regular file"):
        read_state(tmp_path, 2)
