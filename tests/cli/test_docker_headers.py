"""HttpHeaders in docker's config.json: one header changes, everything else stays, and only the owner reads it."""

import json
from pathlib import Path

import pytest

from portero.cli.login import InvalidDockerConfig, set_header

NAME = "X-Portero-Token"


def test_a_header_is_set_in_a_new_file_that_only_its_owner_reads(tmp_path: Path) -> None:
    file = tmp_path / ".docker/config.json"

    assert set_header(file, NAME, "a.b.c")

    assert json.loads(file.read_text()) == {"HttpHeaders": {NAME: "a.b.c"}}
    assert (file.stat().st_mode & 0o777, file.parent.stat().st_mode & 0o777) == (0o600, 0o700)


def test_everything_else_is_kept_and_other_spellings_of_the_header_go(tmp_path: Path) -> None:
    file = tmp_path / "config.json"
    before = {"auths": {"r.example.com": {"auth": "eA=="}}, "HttpHeaders": {"x-portero-TOKEN": "old", "X-Team": "a"}}
    file.write_text(json.dumps(before))
    file.chmod(0o644)

    set_header(file, NAME, "a.b.c")

    assert json.loads(file.read_text()) == {**before, "HttpHeaders": {"X-Team": "a", NAME: "a.b.c"}}
    assert file.stat().st_mode & 0o777 == 0o600


def test_a_header_is_taken_out_and_leaves_no_empty_object(tmp_path: Path) -> None:
    file = tmp_path / "config.json"
    file.write_text(json.dumps({"HttpHeaders": {"x-portero-token": "old"}, "currentContext": "prod"}))

    assert set_header(file, NAME, None)
    assert json.loads(file.read_text()) == {"currentContext": "prod"}
    assert not set_header(file, NAME, None)
    assert not set_header(tmp_path / "other.json", NAME, None)


@pytest.mark.parametrize("text", ["{", "[]", '{"HttpHeaders": ["x"]}', '{"HttpHeaders": "x"}'])
def test_a_file_that_is_not_understood_is_left_alone(tmp_path: Path, text: str) -> None:
    file = tmp_path / "config.json"
    file.write_text(text)

    with pytest.raises(InvalidDockerConfig):
        set_header(file, NAME, "a.b.c")
    assert file.read_text() == text


def test_an_empty_file_is_an_empty_configuration(tmp_path: Path) -> None:
    (tmp_path / "config.json").touch()

    assert set_header(tmp_path / "config.json", NAME, "a.b.c")


def test_a_link_is_not_written_through(tmp_path: Path) -> None:
    (tmp_path / "real.json").write_text("{}")
    (tmp_path / "config.json").symlink_to(tmp_path / "real.json")

    with pytest.raises(OSError, match="symbolic link"):
        set_header(tmp_path / "config.json", NAME, "a.b.c")
