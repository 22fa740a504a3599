"""The file in which users find what they may see of the policy in force."""

import json
import os
import stat
import struct
from pathlib import Path

import pytest

from portero.serve.application.user_summary import locate, write_summary
from portero.serve.settings.own_files import DOORS_SUMMARY, SUMMARY
from portero.serve.status import policy_page
from tests.serve.application.test_application import built


def test_all_may_read_what_is_in_force_and_a_unit_says_where(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    running = built(tmp_path)
    monkeypatch.setenv("RUNTIME_DIRECTORY", f"{tmp_path}:/run/other")

    write_summary(running)

    file = tmp_path / SUMMARY
    assert json.loads(file.read_text())["policy"] == running.in_force.judge.policy.digest
    assert stat.S_IMODE(file.stat().st_mode) == 0o644


def test_without_a_unit_there_is_none(tmp_path: Path) -> None:
    assert locate({}) is None


@pytest.mark.parametrize(("broken", "why"), [(False, "No such file or directory"), (True, "KeyError")])
def test_a_failure_is_logged_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, *, broken: bool, why: str
) -> None:
    monkeypatch.setenv("RUNTIME_DIRECTORY", str(tmp_path / "gone"))
    if broken:
        monkeypatch.setattr(policy_page, "describe_summary", lambda *_: {}["x"])

    write_summary(built(tmp_path))

    assert f"{tmp_path}/gone/policy.json: users or doors cannot see the policy in force ({why})" in caplog.text


@pytest.mark.parametrize("half", ["private", "public"])
def test_doors_find_whose_what_is_and_nobody_else_reads_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, half: str
) -> None:
    """A Portero for a rootless Docker knows no private half, and its door passed no list on."""
    running = built(tmp_path)
    monkeypatch.setenv("RUNTIME_DIRECTORY", str(tmp_path))
    file = tmp_path / DOORS_SUMMARY

    write_summary(running)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert json.loads(file.read_text())["ownership"] == ""
    key = running.settings.door_folder / "key" if half == "private" else running.settings.door_key
    key.parent.mkdir(exist_ok=True)
    key.touch()
    write_summary(running)
    # The group in it is the one that reads the key; the file's own does not.
    assert b"\x08\x00\x04\x00" + struct.pack("<I", key.stat().st_gid) in os.getxattr(file, "system.posix_acl_access")
    assert stat.S_IMODE(file.stat().st_mode) == 0o640
