"""What people read of a check: the refused once each, with the line of the file, the rest counted, the verdict last."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from portero.decide.decision import NearMiss
from portero.tools.compose.check_report import ReportNotes, list_report, make_line
from portero.tools.recording.request_files import DecidedRequest
from tests.tools.cli.running import portero
from tests.tools.compose.test_requests import needs_compose
from tests.tools.report.conftest import checked, violation

LINES = {"HostConfig.Privileged": ("compose.yaml", 6), "HostConfig.PidMode": ("compose.yaml", 5)}


def located(*violations: object, name: str = "web") -> DecidedRequest:
    made = checked(*violations)  # type: ignore[arg-type]
    return replace(made, request=replace(made.request, find_line=LINES.get, name=name))


def test_a_refused_property_has_the_line_of_the_file() -> None:
    found = located(violation("no-privileged"), violation("no-host-pid", "HostConfig.PidMode"), violation("x", "Other"))

    lines = [*list_report([found])]
    assert [line.split()[:2] for line in lines[1:4]] == [
        ["no-host-pid", "compose.yaml:5:"],
        ["no-privileged", "compose.yaml:6:"],
        ["x", "Other:"],
    ]
    assert lines[-1] == "denied: 1 of 1 request"
    assert [each.get("line") for each in make_line(found)["violations"]] == [6, 5, 3]  # type: ignore[union-attr, index]


def test_the_refused_come_first_and_those_that_are_refused_alike_together() -> None:
    good = located(violation("x", "Y", "audit"), name="good")
    checks = [good, located(violation("no-privileged")), located(violation("no-privileged"), name="db")]
    lines = [*list_report(checks, ReportNotes(["variable A is not set"], 2))]

    assert lines[0].count("(web)") == lines[0].count("(db)") == 1
    assert lines[0].endswith(" denied")
    assert lines[2:] == [
        "warning: variable A is not set",
        "1 request allowed, 1 advisory finding: --all",
        "2 findings depend on the host: run portero check there",
        "denied: 2 of 3 requests",
    ]
    assert "  logged only: x  Y" in list_report(checks, show_all=True)


def test_a_near_miss_is_shown_once() -> None:
    near = replace(violation("no-privileged"), near_miss=NearMiss("boot", "operation", "matches all but operation: x"))

    assert [*list_report([checked(near, near)])].count("  near miss: boot matches all but operation: x") == 1


def test_a_misspelt_field_is_shown_where_it_is_only_logged() -> None:
    reason = "Docker has no field of this name: did you mean Privileged?"
    misspelt = replace(violation("unknown-field", "HostConfig.Priviledged", "audit"), reason=reason)

    assert [*list_report([checked(misspelt)])] == [
        f"  logged only: unknown-field  HostConfig.Priviledged: {reason}",
        "1 request allowed, 1 advisory finding: --all",
        "allowed: 1 request",
    ]


pytestmark = needs_compose


def check(folder: Path, services: str, root: str = "none") -> str:
    (folder / "compose.yaml").write_text(f"services:\n{services}")
    result = portero("check", "--profile", "hardened", "--host-root", root, folder / "compose.yaml")
    assert result.exit_code == 1
    return " ".join(result.output.split())


def test_a_path_is_spelt_as_in_the_file(tmp_path: Path) -> None:
    output = check(
        tmp_path,
        "  short: {image: busybox, volumes: ['./data/:/data']}\n"
        "  long:\n    image: busybox\n    volumes:\n      - type: bind\n        source: ./files\n        target: /f\n"
        "  other: {image: busybox, volumes: ['../elsewhere:/x']}\n",
    )

    denied = "writable host mount that is not on the allow-list"
    assert all(f"({spelt}): {denied}" in output for spelt in ("./data/", "./files"))
    assert "(../elsewhere): writable host mount" in output


def test_what_lies_beside_keeps_its_name(tmp_path: Path) -> None:
    tmp_path /= "a-folder-with-so-long-a-name-that-a-refusal-cuts-the-paths-in-it"
    for name in ("data-2/x", "data/sub"):
        (tmp_path / name).mkdir(parents=True)
    volumes = "['./data:/d', './data-2:/e', './data/sub:/f:ro']"

    output = check(tmp_path, f"  web: {{image: busybox, volumes: {volumes}}}\n", "/")

    assert "(./data/sub): The container can write to ./data through" in output
    assert "./data-2" in output


def test_a_service_is_named_and_not_the_id_of_its_container(tmp_path: Path) -> None:
    output = check(
        tmp_path,
        "  base: {image: busybox, network_mode: host}\n  side: {image: busybox, network_mode: 'service:base'}\n",
    )

    assert "it sees and changes the host's network (through container base)" in output
    assert "(without network_mode service:base)" in output


def test_a_variable_is_not_guessed(tmp_path: Path) -> None:
    assert f"({tmp_path}/data): writable host mount" in check(
        tmp_path, "  web: {image: busybox, volumes: ['${NOWHERE:-./da}ta:/d']}\n"
    )


HOMES = (
    "mem_limit: 512m",
    "cpus: 0.5",
    "pids_limit: 100",
    "mem_reservation: 64m",
    "scale: 2",
    "deploy: {resources: {limits: {memory: 512m}}}",
    'deploy: {resources: {limits: {cpus: "0.5"}}}',
    "deploy: {resources: {limits: {pids: 100}}}",
    "deploy: {resources: {reservations: {memory: 64m}}}",
    "deploy: {replicas: 2}",
)


@pytest.mark.parametrize("there", HOMES)
def test_what_is_to_be_tried_makes_a_file_that_compose_takes(there: str, tmp_path: Path) -> None:
    """Of a key with two homes Compose takes no file with some values in each."""
    file, tried = tmp_path / "compose.yaml", tmp_path / "tried.yaml"
    service = f"services:\n  web:\n    image: busybox\n    {there}\n"
    file.write_text(service)
    refused = portero("check", file, "--profile", "hardened", "--host-root", "none")
    line = next(one for one in refused.output.splitlines() if one.startswith("  try: "))
    keys = YAML(typ="safe").load(line.partition(" with ")[2].partition("  (")[0])
    tried.write_text(json.dumps({"services": {"web": keys}}))

    passed = portero("check", "-f", file, "-f", tried, "--profile", "hardened", "--host-root", "none")

    assert (refused.exit_code, passed.exit_code) == (1, 0), (line, passed.output)
