"""The host that requests are judged by: where its files are, and what it must offer."""

import os
import sys
from pathlib import Path

import pytest

from portero.files import owners
from portero.settings.settings import Settings
from portero.values.errors import LoadError
from tests.application.test_application import built


def test_a_host_without_proc_is_refused_with_the_cure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(owners, "_sees_all_users", lambda: (tmp_path / "uid_map").read_text() == "")

    with pytest.raises(LoadError) as refused:
        built(tmp_path)

    (fault,) = refused.value.faults
    assert fault.startswith(f"{tmp_path / 'uid_map'}: No such file or directory: mount /proc")


def test_a_locale_that_spells_names_of_files_otherwise_than_dockerd_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "getfilesystemencoding", lambda: "iso8859-1")

    with pytest.raises(LoadError) as broken:
        built(tmp_path)

    (fault,) = broken.value.faults
    assert fault.startswith("the locale spells names of files in iso8859-1")
    assert "PYTHONUTF8=1" in fault


@pytest.mark.parametrize(
    ("at", "process", "root"),
    [("auto", 1, "none"), ("auto", 4711, "/"), ("none", 4711, "none"), ("/host", 1, "/host")],
)
def test_where_the_hosts_files_are(at: str, process: int, root: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "getpid", lambda: process)

    assert Settings.read({}, {"host_root": at}).visible_root == root


@pytest.mark.parametrize(("process", "visible"), [(1, "none"), (4711, "/")])
def test_a_worker_sees_the_hosts_files_where_its_master_did(
    tmp_path: Path, process: int, visible: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "getpid", lambda: process)
    asked = built(tmp_path, host_root="auto")
    monkeypatch.setattr(os, "getpid", lambda: 4712)

    assert asked.status()["hostFiles"] == visible
