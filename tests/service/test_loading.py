"""Loading: settings and files that cannot be used are refused with every fault."""

import json
import os
import shutil
import sys
from pathlib import Path

import pytest

from portero import engine
from portero.host import owners
from portero.service import resources
from portero.service.loading import LoadError, host_root
from portero.service.settings import Settings
from tests.identity.test_keys import pem
from tests.identity.token_makers import ED
from tests.service.test_application import built, site_with_exception


def test_an_invalid_policy_at_the_start_is_refused_with_every_fault(tmp_path: Path) -> None:
    (tmp_path / "site.json").write_text('{"acshuns": {}, "runtimes": 7}')

    with pytest.raises(LoadError) as refused:
        built(tmp_path, schemas=str(tmp_path))

    assert len(refused.value.faults) == 2
    assert all(str(tmp_path / "site.json") in fault for fault in refused.value.faults)


def test_a_policy_folder_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(LoadError, match="no-such-folder"):
        built(tmp_path, schemas=str(tmp_path / "no-such-folder"))


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


def test_an_engine_that_cannot_be_loaded_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> object:
        raise ImportError(name)

    monkeypatch.setattr(engine, "named", missing)

    with pytest.raises(
        LoadError, match="cannot load the rule engine rust: rust; reinstall portero, or set PORTERO_ENGINE=reference"
    ):
        built(tmp_path, engine="rust")


@pytest.mark.parametrize("file", ["operations.json", "api/ContainerCreate.json"])
def test_an_invalid_table_of_the_api_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, file: str) -> None:
    place = tmp_path / "schemas" / file
    (tmp_path / "schemas" / "api").mkdir(parents=True)
    (tmp_path / "schemas" / "operations.json").write_bytes((resources.schemas() / "operations.json").read_bytes())
    place.write_text("{")
    monkeypatch.setattr(resources, "schemas", lambda: tmp_path / "schemas")

    with pytest.raises(LoadError) as refused:
        built(tmp_path)

    (fault,) = refused.value.faults
    assert str(tmp_path / "schemas" / file.split("/")[0]).removesuffix(".json") in fault


@pytest.mark.parametrize(
    ("at", "process", "root"),
    [("auto", 1, "none"), ("auto", 4711, "/"), ("none", 4711, "none"), ("/host", 1, "/host")],
)
def test_where_the_hosts_files_are(at: str, process: int, root: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "getpid", lambda: process)

    assert host_root(Settings.read({}, {"host_root": at})) == root


def test_an_exception_that_would_waive_self_protection_keeps_portero_from_starting(tmp_path: Path) -> None:
    with pytest.raises(LoadError, match="'protected-paths' protects Portero itself, which nothing waives"):
        built(tmp_path, schemas=site_with_exception(tmp_path, rules=["protected-paths"]))


@pytest.mark.parametrize(("process", "visible"), [(1, "none"), (4711, "/")])
def test_a_worker_sees_the_hosts_files_where_its_master_did(
    tmp_path: Path, process: int, visible: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "getpid", lambda: process)
    asked = built(tmp_path, host_root="auto")
    monkeypatch.setattr(os, "getpid", lambda: 4712)

    assert asked.status()["hostFiles"] == visible


def test_an_operation_without_a_shape_of_its_body_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    schemas = tmp_path / "schemas"
    shutil.copytree(resources.schemas(), schemas)
    (schemas / "api" / "ContainerCreate.json").rename(schemas / "api" / "ContainerMake.json")
    monkeypatch.setattr(resources, "schemas", lambda: schemas)

    with pytest.raises(LoadError) as refused:
        built(tmp_path)

    missing, unknown = refused.value.faults
    assert missing.startswith(f"{schemas}: api/ContainerCreate.json is missing: ")
    assert unknown.startswith(f"{schemas}: api/ContainerMake.json: operations.json has no operation ContainerMake ")


def test_an_issuer_of_tokens_needs_a_name_of_the_host(tmp_path: Path) -> None:
    (tmp_path / "keys").mkdir()
    (tmp_path / "keys/own.pem").write_bytes(pem(ED))
    issuer = {"issuer": "portero", "keys": "own.pem", "lifetime": 3600}
    (tmp_path / "site.json").write_text(json.dumps({"token-issuers": [issuer]}))

    with pytest.raises(LoadError, match="PORTERO_HOST_GROUPS: is empty"):
        built(tmp_path, schemas=str(tmp_path))
    assert built(tmp_path, schemas=str(tmp_path), host_groups="web").in_force.judge.audiences == ("web",)
