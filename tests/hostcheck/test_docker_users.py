"""Who may use Docker without being root, and what the status says of them."""

from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest

from portero.files.chroot import Files
from portero.hostcheck import docker_users
from portero.hostcheck.docker_users import find_docker_users, list_docker_users
from tests.application.test_application import built


def test_members_of_group_docker_are_found(tmp_path: Path) -> None:
    for name, text in {
        "etc/group": "root:x:0:\ndocker:x:990:alicia\n",
        "etc/passwd": "bruno:x:1001:990::/home/bruno:/bin/sh\n",
        "proc/1/comm": "init\n",
    }.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)

    assert find_docker_users(Files(str(tmp_path)), "/etc/docker/daemon.json")["value"] == ["alicia", "bruno"]


def test_what_cannot_be_read_is_unknown(tmp_path: Path) -> None:
    assert find_docker_users(Files(str(tmp_path)), "/etc/docker/daemon.json")["value"] == "unknown"


def test_status_names_the_users_of_docker_and_warns_under_baseline(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(docker_users, "find_docker_users", lambda *_: {"value": ["alicia"], "at": "/etc/group"})

    told = cast(dict[str, Any], replace(built(tmp_path, host_root="/"), list_docker_users=list_docker_users).status())

    assert told["dockerUsers"] == ["alicia"]
    assert [warning.partition(":")[0] for warning in told["warnings"]] == ["alicia may use Docker"]
    assert "tasks of swarm services" in told["startsUnasked"]


def test_status_says_where_the_users_of_docker_cannot_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(docker_users, "find_docker_users", lambda *_: {"value": "unknown", "at": "/etc/group"})

    told = cast(dict[str, Any], replace(built(tmp_path, host_root="/"), list_docker_users=list_docker_users).status())

    assert told["dockerUsers"] == "unknown: the groups or sockets cannot be read"
    assert [warning.partition(" may")[0] for warning in told["warnings"]] == [
        "users of this host (their names cannot be read)"
    ]
