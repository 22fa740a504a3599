"""Managed plugins: which of them take Portero's place, and what the others may do."""

from typing import Any

import pytest

from portero.observe.dockerd.api import EngineApi
from portero.tools.hostcheck import managed_plugins
from portero.tools.hostcheck.fact import make_fact, make_unknown
from tests.tools.hostcheck.answering_dockerd import Dockerd
from tests.tools.hostcheck.host_tree import Host

ASKED = make_fact(["portero"], "/etc/docker/daemon.json")
SOCKET = "/run/docker/plugins/portero.sock"
UNKNOWN = {"shadows": "unknown", "others": "unknown"}


def plugin(name: str, *, enabled: bool = True, entrypoint: str = "portero serve", **config: Any) -> dict[str, Any]:
    settings = config.pop("Settings", {"Mounts": [], "Devices": []})
    return {
        "Id": "ab",
        "Name": name,
        "Enabled": enabled,
        "Config": {"Entrypoint": entrypoint.split(), "Network": {"Type": "none"}, "Linux": {}} | config,
        "Settings": settings,
    }


def facts(host: Host, dockerd: Dockerd, *plugins: Any, asked: Any = ASKED) -> Any:
    dockerd.says("GET /plugins", 200, [*plugins])
    return values(managed_plugins.collect_facts(host.files, EngineApi(dockerd.address), asked))


def values(found: Any) -> Any:
    return {name: entry["value"] for name, entry in found.items()}


@pytest.mark.parametrize("asked", [ASKED, make_unknown("/etc/docker/daemon.json")], ids=["asked", "not asked yet"])
@pytest.mark.parametrize(("enabled", "state"), [(True, "enabled"), (False, "disabled")])
@pytest.mark.parametrize("file", [SOCKET, "/etc/docker/plugins/portero.spec", "/usr/lib/docker/plugins/portero.json"])
def test_a_managed_plugin_beside_a_socket_or_spec_file_of_its_name_is_a_shadow(
    host: Host, dockerd: Dockerd, file: str, enabled: bool, state: str, asked: Any
) -> None:
    host.write(file, "")

    found = facts(host, dockerd, plugin("portero:latest", enabled=enabled), asked=asked)

    assert found == {"shadows": [f"portero ({state})"], "others": []}


def test_portero_as_a_managed_plugin_is_no_shadow(host: Host, dockerd: Dockerd) -> None:
    assert facts(host, dockerd, plugin("portero:latest")) == {"shadows": [], "others": []}


def test_another_program_under_portero_s_name_is_a_shadow(host: Host, dockerd: Dockerd) -> None:
    assert facts(host, dockerd, plugin("portero:latest", entrypoint="/bin/allow"))["shadows"] == ["portero (enabled)"]


def test_the_name_that_dockerd_asks_counts_too(host: Host, dockerd: Dockerd) -> None:
    host.write("/etc/docker/plugins/portero-alice.spec", "")
    asked = make_fact(["portero-alice"], "/home/alice/.config/docker/daemon.json")

    assert facts(host, dockerd, plugin("portero-alice:latest"), asked=asked)["shadows"] == ["portero-alice (enabled)"]


def test_other_enabled_plugins_are_listed_with_what_they_may_do(host: Host, dockerd: Dockerd) -> None:
    power = plugin(
        "sshfs:next",
        Network={"Type": "host"},
        IpcHost=True,
        PidHost=True,
        Linux={"Capabilities": ["CAP_SYS_ADMIN"], "AllowAllDevices": True},
        Settings={"Mounts": [{"Source": "/root/.ssh"}, {"Source": ""}], "Devices": [{"Path": "/dev/fuse"}]},
    )

    found = facts(host, dockerd, power, plugin("off:latest", enabled=False), plugin("plain:latest"))

    assert found["others"] == [
        "sshfs:next (enabled, network host, host IPC namespace, host PID namespace, mount /root/.ssh, "
        "device /dev/fuse, all devices, CAP_SYS_ADMIN)",
        "plain (enabled)",
    ]


@pytest.mark.parametrize("answer", [{}, [5], b"no json"])
def test_an_answer_of_another_shape_is_unknown(host: Host, dockerd: Dockerd, answer: Any) -> None:
    dockerd.says("GET /plugins", 200, answer)

    assert values(managed_plugins.collect_facts(host.files, EngineApi(dockerd.address), ASKED)) == UNKNOWN


def test_without_dockerd_they_are_unknown(host: Host) -> None:
    assert values(managed_plugins.collect_facts(host.files, None, ASKED)) == UNKNOWN
