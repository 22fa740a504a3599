"""The Ansible role does to a host what docs/install.md says."""

import json
from typing import Any

from ruamel.yaml import YAML

from tests.paths import ROOT

ROLE = ROOT / "examples/ansible/roles/portero"
SHIPPED = json.loads((ROOT / "packaging/files/daemon.json").read_text())


def read(part: str) -> Any:
    return YAML(typ="safe").load((ROLE / part / "main.yaml").read_text())


def test_it_writes_what_the_page_has_for_daemon_json() -> None:
    written = read("defaults")["portero_daemon_settings"]

    assert written == {key: SHIPPED[key] for key in ("live-restore", "builder", "default-ulimits")}


def test_it_closes_devices_and_restarts_as_the_page_does() -> None:
    tasks, (restart,) = read("tasks"), [one for one in read("handlers") if one["name"] == "Restart dockerd"]
    close = next(task for task in tasks if task["name"] == "Close devices to dockerd")

    assert close["ansible.builtin.command"]["cmd"] == "portero devices close"
    assert (
        "portero devices close {{ '--stop-containers' if portero_stop_containers else '--restart' }}"
        in restart.values()
    )
    names = {one["name"] for one in read("handlers")} | {one.get("listen") for one in read("handlers")}
    assert {task["notify"] for task in tasks if "notify" in task} <= names
