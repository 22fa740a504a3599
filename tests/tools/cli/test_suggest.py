"""`portero suggest`: over recordings and decision logs; what it suggests makes the requests legal."""

import errno
import gzip
import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

from tests.decide.judging.requests import write_files
from tests.tools.cli.running import fault_of, portero
from tests.tools.compose.test_requests import needs_compose
from tests.tools.report.decisions import line, violation
from tests.tools.suggest.refused import recorded


def run(*arguments: object, text: bytes | None = None) -> Result:
    return portero(*arguments, "--host-root", "none", text=text)


def test_a_site_made_of_the_suggestions_allows_the_recording(tmp_path: Path) -> None:
    recording = tmp_path / "recording.jsonl.gz"
    requests = [
        recorded("postgres:16", Memory=4 << 30, MemorySwap=4 << 30),
        recorded("prom/node-exporter", PidMode="host", Binds=["/sys:/host/sys:ro"]),
        recorded("nvidia/cuda", Runtime="nvidia"),
    ]
    recording.write_bytes(gzip.compress(b"".join(requests)))

    result = run("suggest", recording, "--json")

    assert result.exit_code == 0, result.output
    suggested = json.loads(result.stdout)
    assert (suggested["refused"], suggested["wouldBeAllowed"]) == (3, 3)
    filled = {"reason": "it watches the host", "owner": "netops", "expires": "2099-12-31"}
    exceptions = {f"exceptions/{each['id']}.json": each["draft"] | filled for each in suggested["exceptions"]}
    site = write_files(tmp_path / "site", {"site.json": suggested["site"], **exceptions})
    replayed = run("replay", recording, "--schemas", site, "--json")
    assert json.loads(replayed.stdout)["wouldBeRefused"]["count"] == 0, replayed.output


def test_a_decision_log_gives_exceptions_and_says_what_it_lacks() -> None:
    log = line(violation("no-host-pid"), image="prom/node-exporter:v1", user="")
    log += line(violation("runtimes"), violation("mount-types", "waived"), image="", user="")

    result = run("suggest", "-", text=log)

    assert result.exit_code == 1
    assert "exceptions/node-exporter.json: 1 request" in result.stdout
    assert "runtimes: a decision log has no values: name a recording (PORTERO_RECORD)" in result.stdout


def test_requests_that_cannot_be_read_are_counted() -> None:
    envelope = {"envelope": {"RequestMethod": "POST", "RequestUri": "/v1.45/containers/create?#x"}}

    result = run("suggest", "-", text=json.dumps(envelope).encode() + b"\n" + b'{"phase": "res"}\n\n')

    assert result.exit_code == 1
    assert "such a request cannot be read or judged" in result.stdout


def test_a_file_without_requests_is_could_not() -> None:
    assert (
        fault_of(run("suggest", "-", text=b"{}\n"))
        == "portero: -: no decisions, recorded requests or compose files found\n"
    )


@needs_compose
def test_a_folder_of_projects_gives_paths_devices_and_names_what_it_could_not_read(tmp_path: Path) -> None:
    shop = {"image": "busybox", "volumes": ["/srv/shop:/x"], "devices": ["/dev/ttyUSB0"]}
    for name, service in {"shop": shop, "broken": {"imge": "busybox"}}.items():
        write_files(tmp_path, {f"{name}/compose.yaml": {"services": {"web": service}}})

    result = run("suggest", tmp_path, "--profile", "hardened", "--json")

    suggested = json.loads(result.stdout)["site"]
    assert "/srv/shop" in suggested["bind-sources-writable"]
    assert {"path": "/dev/ttyUSB0", "permissions": "rwm"} in suggested["devices"]
    assert "broken/compose.yaml" in result.stderr


def test_what_is_wrong_with_the_only_compose_file_is_said(tmp_path: Path) -> None:
    file = tmp_path / "compose.yaml"
    file.write_text("services: {a: {\n")

    fault = fault_of(portero("suggest", "--host-root", "none", file))

    assert fault.endswith("/compose.yaml: is not valid YAML at line 1: what is open there is not closed\n")


def test_a_folder_that_cannot_be_read_is_named_and_not_empty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def walk(folder: str, onerror: Callable[[OSError], None]) -> Iterator[Any]:
        onerror(PermissionError(errno.EACCES, os.strerror(errno.EACCES), folder))
        return iter(())

    monkeypatch.setattr(os, "walk", walk)

    fault = fault_of(portero("suggest", "--host-root", "none", tmp_path))

    assert fault.endswith(f"portero: {tmp_path}: Permission denied\n")


def test_the_entry_of_a_door_is_drafted_from_its_log(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_bytes(line(user="door:seen", identifiedBy="door", operation="ContainerList", owners=["unix:bob"]))

    assert json.loads(run("suggest", "--door", "seen", log, "--json").stdout) == {
        "name": "seen",
        "operations": ["ContainerList"],
        "owners": ["unix:bob"],
    }
    assert "no decisions about requests at the door other found" in fault_of(run("suggest", "--door", "other", log))
