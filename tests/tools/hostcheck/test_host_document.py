"""The whole document: complete and in its schema on every host."""

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from portero.observe.files.chroot import Files
from portero.tools.hostcheck import daemon_settings, daemon_sockets
from portero.tools.hostcheck.daemon_sockets import find_address
from portero.tools.hostcheck.host_document import collect
from tests.paths import SCHEMAS
from tests.tools.hostcheck.answering_dockerd import Dockerd
from tests.tools.hostcheck.host_tree import Host

FILE = "/etc/docker/daemon.json"
PORTERO = Path("/nowhere/portero.sock")


def validated(files: Files, address: str | None = None, *, ask: bool = True) -> Any:
    """The document about a host, which is in its schema."""
    document: Any = collect(files, FILE, address, PORTERO, ask=ask)
    schema = json.loads((SCHEMAS / "host.json").read_text())
    jsonschema.Draft202012Validator(schema).validate(document)
    return document


def test_the_document_is_whole_with_one_process_and_without_proc(host: Host, tmp_path: Path) -> None:
    daemon, unknown = (validated(files)["daemon"] for files in (host.files, Files(str(tmp_path))))

    assert (daemon["installed"]["value"], daemon["running"]["value"]) == (False, False)
    assert unknown["installed"] == unknown["running"] == {"value": "unknown", "at": "/proc, GET /info"}


def test_this_host_gives_a_whole_document() -> None:
    validated(Files(), "/nowhere/docker.sock", ask=False)


def test_dockerd_is_asked_at_the_address(host: Host, dockerd: Dockerd) -> None:
    dockerd.says("GET /info", 200, {"ServerVersion": "28.0.1"})

    document = validated(host.files, dockerd.address, ask=False)

    assert document["daemon"]["release"]["value"] == 28000001
    asked = ["GET /info", "GET /networks/bridge", "GET /plugins", "GET /version"]
    assert [request for request, _, _ in dockerd.asked] == asked


def test_dockerd_is_looked_for_below_the_root(host: Host, dockerd: Dockerd, tmp_path: Path) -> None:
    dockerd.says("GET /info", 200, {"ServerVersion": "28.0.1"})

    assert validated(Files(str(tmp_path)), ask=False)["daemon"]["version"]["value"] == "28.0.1"


def test_an_answer_that_makes_no_sense_and_a_socket_that_cannot_be_looked_at_are_no_dockerd(
    host: Host, dockerd: Dockerd
) -> None:
    dockerd.says("GET /info", 200, [])
    assert validated(host.files, dockerd.address, ask=False)["daemon"]["running"]["value"] is False

    host.link("/run", "/run")
    assert validated(host.files)["probes"]["CVE-2026-34040"]["value"] == "unknown"


@pytest.mark.parametrize(
    "name", ["kernel", "updates", "openFiles", "daemon", "access", "storage", "probes", "installation"]
)
def test_every_field_of_the_schema_is_described(name: str) -> None:
    assert _undescribed(json.loads((SCHEMAS / "host.json").read_text())["properties"][name]["properties"]) == []


def _undescribed(properties: dict[str, Any]) -> list[str]:
    missing = [name for name, field in properties.items() if name != "at" and "description" not in field]
    return missing + [name for field in properties.values() for name in _undescribed(field.get("properties", {}))]


def test_a_dockerd_without_a_unix_socket_has_no_address(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(daemon_sockets, "list_unix_sockets", lambda *_: [])

    assert find_address(host.files, daemon_settings.read_configuration(host.files, None, FILE)) is None
