"""The full status names who may use Docker."""

from pathlib import Path
from typing import Any, cast

import pytest

from portero.service import docker_users
from tests.service.test_application import built


def test_status_names_the_users_of_docker_and_warns_under_baseline(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(docker_users, "find_docker_users", lambda *_: {"value": ["alicia"], "at": "/etc/group"})

    told = cast(dict[str, Any], built(tmp_path, host_root="/").status())

    assert told["dockerUsers"] == ["alicia"]
    assert [warning.partition(":")[0] for warning in told["warnings"]] == ["alicia may use Docker"]
    assert "tasks of swarm services" in told["startsUnasked"]


def test_status_says_where_the_users_of_docker_cannot_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(docker_users, "find_docker_users", lambda *_: {"value": "unknown", "at": "/etc/group"})

    told = cast(dict[str, Any], built(tmp_path, host_root="/").status())

    assert told["dockerUsers"] == "unknown: the groups or sockets cannot be read"
    assert [warning.partition(" may")[0] for warning in told["warnings"]] == [
        "users of this host (their names cannot be read)"
    ]
