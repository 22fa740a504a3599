"""The whole document: complete and in its schema on every host."""

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from portero.files.chroot import Files
from portero.hostcheck import daemon_settings, daemon_sockets
from portero.hostcheck.daemon_sockets import find_address
from portero.hostcheck.host_document import collect
from tests.hostcheck.answering_dockerd import Dockerd
from tests.hostcheck.host_tree import Host
from tests.paths import SCHEMAS

FILE = "/etc/docker/daemon.json"
PORTERO = Path("/nowhere/portero.sock")


def validate(document: Any) -> None:
    schema = json.loads((SCHEMAS / "host.json").read_text())
    jsonschema.Draft202012Validator(schema).validate(document)


def test_a_host_with_one_process_gives_a_whole_document(host: Host) -> None:
    document: Any = collect(host.files, FILE, None, PORTERO, ask=True)

    validate(document)
    assert document["daemon"]["installed"]["value"] is False
    assert document["daemon"]["running"]["value"] is False


def test_without_proc_it_is_unknown_whether_docker_is_installed_or_runs(tmp_path: Path) -> None:
    document: Any = collect(Files(str(tmp_path)), FILE, None, PORTERO, ask=True)

    validate(document)
    assert document["daemon"]["installed"] == {"value": "unknown", "at": "/proc, GET /info"}
    assert document["daemon"]["running"] == {"value": "unknown", "at": "/proc, GET /info"}


def test_this_host_gives_a_whole_document() -> None:
    validate(collect(Files(), FILE, "/nowhere/docker.sock", PORTERO, ask=False))


def test_dockerd_is_asked_at_the_address(host: Host, dockerd: Dockerd) -> None:
    dockerd.says("GET /info", 200, {"ServerVersion": "28.0.1"})

    document: Any = collect(host.files, FILE, dockerd.address, PORTERO, ask=False)

    validate(document)
    assert document["daemon"]["release"]["value"] == 28000001
    assert [request for request, _, _ in dockerd.asked] == [
        "GET /info",
        "GET /networks/bridge",
        "GET /plugins",
        "GET /version",
    ]


def test_dockerd_is_looked_for_below_the_root(host: Host, dockerd: Dockerd, tmp_path: Path) -> None:
    files = Files(str(tmp_path))
    dockerd.says("GET /info", 200, {"ServerVersion": "28.0.1"})

    document: Any = collect(files, FILE, None, PORTERO, ask=False)

    assert document["daemon"]["version"]["value"] == "28.0.1"


def test_an_answer_that_makes_no_sense_is_no_answer(host: Host, dockerd: Dockerd) -> None:
    dockerd.says("GET /info", 200, [])

    document: Any = collect(host.files, FILE, dockerd.address, PORTERO, ask=False)

    assert document["daemon"]["running"]["value"] is False


def test_a_socket_that_cannot_be_looked_at_is_no_dockerd(host: Host) -> None:
    host.link("/run", "/run")

    document: Any = collect(host.files, FILE, None, PORTERO, ask=True)

    validate(document)
    assert document["probes"]["CVE-2026-34040"]["value"] == "unknown"


@pytest.mark.parametrize(
    "name", ["kernel", "updates", "openFiles", "daemon", "access", "storage", "probes", "installation"]
)
def test_every_field_of_the_schema_is_described(name: str) -> None:
    schema = json.loads((SCHEMAS / "host.json").read_text())

    assert _undescribed(schema["properties"][name]["properties"]) == []


def _undescribed(properties: dict[str, Any]) -> list[str]:
    missing = [name for name, field in properties.items() if name != "at" and "description" not in field]
    return missing + [name for field in properties.values() for name in _undescribed(field.get("properties", {}))]


def test_a_dockerd_without_a_unix_socket_has_no_address(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(daemon_sockets, "list_unix_sockets", lambda *_: [])

    assert find_address(host.files, daemon_settings.read_configuration(host.files, None, FILE)) is None
