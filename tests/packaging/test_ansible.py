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


def test_a_second_run_changes_nothing() -> None:
    """Modules write what differs, and each command says what it changes: Ansible is not on the machines of tests."""
    commands = [task for task in read("tasks") if "ansible.builtin.command" in task]

    assert [task["name"] for task in commands if task.get("changed_when") is False] == [
        "Wait until Portero answers, also while something needs attention"
    ]
    (closes,) = (task for task in commands if "changed_when" not in task)
    made = closes["ansible.builtin.command"]["creates"]
    assert made == "/etc/systemd/system/docker.service.d/portero-devices.conf"
    others = {name for task in read("tasks") for name in task if name.startswith("ansible.builtin.")}
    assert others == {f"ansible.builtin.{name}" for name in ("apt", "command", "copy", "meta", "slurp")}
    (write,) = (task for task in read("tasks") if "unique" in str(task.get("vars")))
    # Sorted keys, so that what was written is written again.
    assert write["ansible.builtin.copy"]["content"].endswith("to_nice_json }}\n")
