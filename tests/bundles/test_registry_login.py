"""Logins from a file as `docker login` writes it."""

import json
from pathlib import Path

import pytest

from portero.bundles.registry_login import LoginRefused, read_login


def write(folder: Path, document: object, mode: int = 0o600) -> Path:
    file = folder / "config.json"
    file.write_text(json.dumps(document))
    file.chmod(mode)
    return file


def test_the_login_of_a_host_and_of_no_other(tmp_path: Path) -> None:
    file = write(tmp_path, {"auths": {"registry.example.com": {"auth": "YTpi"}}})

    assert read_login(file, "registry.example.com") == "Basic YTpi"
    assert read_login(file, "registry.example.com:5000") is None
    assert read_login(None, "registry.example.com") is None


def test_logins_that_others_can_read_are_refused(tmp_path: Path) -> None:
    with pytest.raises(LoginRefused, match="others can read these logins: chmod 600 it"):
        read_login(write(tmp_path, {}, 0o640), "x")


@pytest.mark.parametrize("document", [[], {"auths": {"x": {}}}, {"auths": {"x": {"auth": "?"}}}, {"auths": []}])
def test_a_file_of_another_kind_is_refused_without_its_content(tmp_path: Path, document: object) -> None:
    with pytest.raises(LoginRefused, match="is not as `docker login` writes it"):
        read_login(write(tmp_path, document), "x")


def test_a_file_that_nests_too_deep_is_refused(tmp_path: Path) -> None:
    file = write(tmp_path, {})
    file.write_text("[" * 100_000)

    with pytest.raises(LoginRefused, match="is not as `docker login` writes it"):
        read_login(file, "x")


def test_a_file_that_is_missing_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(LoginRefused, match="cannot be read"):
        read_login(tmp_path / "none", "x")
