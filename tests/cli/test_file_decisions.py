"""Services of one project are judged by what the others make, and those of two projects are not."""

import json
from pathlib import Path

from tests.cli.running import portero
from tests.compose.test_requests import needs_compose

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
