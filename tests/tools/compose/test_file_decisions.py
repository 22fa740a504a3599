"""Services of one project are judged by what the others make, and those of two projects are not."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from portero.decide.values.denial_parts import Wording
from portero.tools.compose.file_decisions import list_assumed, report_unseen
from portero.tools.standin.objects import State
from portero.tools.standin.trial_objects import ProjectObjects
from tests.tools.cli.running import portero
from tests.tools.compose.test_requests import needs_compose
from tests.tools.report.conftest import checked, violation

pytestmark = needs_compose

LOADER = "{image: busybox, volumes: ['/srv/media:/data']}"
PLAYER = "{image: busybox, volumes: ['/srv/media/movies:/m:ro']}"
RULE = "no-sources-nested-with-containers"


def list_refused(*files: Path) -> list[str]:
    words = ("check", "--profile", "baseline", "--host-root", "none", "--format", "json", *files)
    lines = [json.loads(line) for line in portero(*words).stdout.splitlines()]
    return [each["rule"] for line in lines for each in line["violations"] if each["action"] == "deny"]


def test_a_source_below_that_of_another_service_is_refused_once(tmp_path: Path) -> None:
    together, first, second = (tmp_path / f"{name}.yaml" for name in ("together", "first", "second"))
    together.write_text(f"services: {{loader: {LOADER}, player: {PLAYER}}}")
    first.write_text(f"services: {{loader: {LOADER}}}")
    second.write_text(f"services: {{player: {PLAYER}}}")

    assert list_refused(together) == [RULE]
    assert list_refused(first, second) == []


def test_a_service_that_joins_another_is_judged_by_what_it_gets(tmp_path: Path) -> None:
    file = tmp_path / "compose.yaml"
    file.write_text(
        "services: {base: {image: busybox, network_mode: host}, side: {image: busybox, network_mode: 'service:base'},"
        " plain: {image: busybox}, other: {image: busybox, network_mode: 'service:plain', pid: 'service:plain'}}"
    )

    assert list_refused(file) == ["no-host-network", "no-host-network"]


def test_what_cannot_be_seen_is_counted_and_refuses_nothing() -> None:
    unseen, other = violation("host-paths-seen", "HostConfig.Binds[0]"), violation("no-privileged")
    both, count = report_unseen([checked(unseen), checked(unseen, other), checked(replace(unseen, action="audit"))])

    assert [each.decision.allowed for each in both] == [True, False, True]
    assert count == 2


@pytest.mark.parametrize(
    ("source", "bind", "refused"),
    [
        ("/etc/services", "/etc/services:/x:ro", False),
        ("/usr/share/zoneinfo/UTC", "/usr/share/zoneinfo/UTC:/x:z,ro", False),
        ("/etc/services", "/etc/services:/x", True),
        ("/etc", "/etc:/x:ro", True),
        ("/proc/keys", "/proc/keys:/x:ro", True),
    ],
)
def test_a_file_of_the_host_may_be_everybodys_where_mounted_read_only(source: str, bind: str, refused: bool) -> None:
    facts = {"mounts": [{"at": "HostConfig.Binds[0]", "writable": "ro" not in bind.split(":")[-1]}]}
    found = replace(
        violation("no-sensitive-paths", "HostConfig.Binds[0]"), wording=Wording("no-sensitive-paths", requested=source)
    )
    (each,), count = report_unseen([replace(checked(found), facts=facts)])

    assert (each.decision.allowed, count) == (not refused, int(not refused))


def test_a_container_that_nobody_makes_is_assumed() -> None:
    objects = ProjectObjects(State(), ())
    objects.inspect("container", "elsewhere")
    assert [*list_assumed(replace(checked().request, objects=objects))] == ["elsewhere"]
    assert [*list_assumed(checked().request)] == []
