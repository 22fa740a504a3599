"""What dockerd says of itself, and what its configuration says where it does not."""

import json
from pathlib import Path
from typing import Any
from unittest.mock import ANY

import pytest

from portero.observe.dockerd.api import EngineApi
from portero.tools.hostcheck import daemon_facts, daemon_settings
from portero.tools.hostcheck.daemon_facts import find_servers_in_pools
from portero.tools.hostcheck.daemon_info import Info
from tests.tools.hostcheck.answering_dockerd import Dockerd
from tests.tools.hostcheck.host_tree import Host

ROUTE = """Iface	Destination	Gateway 	Flags	RefCnt	Use	Metric	Mask		MTU	Window	IRTT
eth0	00000000	010011AC	0003	0	0	0	00000000	0	0	0
eth0	001EA8C0	00000000	0001	0	0	0	00FFFFFF	0	0	0
"""


@pytest.mark.parametrize(
    ("flags", "settings", "servers"),
    [
        ((), "{}", ["172.20.0.53/32"]),
        ((), '{"default-address-pools": [{"base": "10.200.0.0/16", "size": 24}]}', []),
        ((), '{"default-address-pools": [{"base": "10.0.0.0/8", "size": 24}]}', ["10.0.0.7/32"]),
        (("--default-address-pool", "base=10.0.0.0/8,size=24"), "{}", ["10.0.0.7/32"]),
        ((), "no JSON", "unknown"),
    ],
)
def test_a_server_behind_the_default_route_counts_and_one_with_a_route_does_not(
    host: Host, flags: tuple[str, ...], settings: str, servers: Any
) -> None:
    host.dockerd(*flags)
    host.write("/proc/42/net/route", ROUTE)
    host.write("/etc/docker/daemon.json", settings)
    host.write("/etc/resolv.conf", "nameserver 172.20.0.53\nnameserver 192.168.30.53\nnameserver 10.0.0.7\n")

    assert find_servers_in_pools(host.files, host.configuration())["value"] == servers


@pytest.mark.parametrize(
    ("flags", "settings", "owners"),
    [
        ((), "{}", []),
        ((), '{"log-opts": {"env": "os,customer", "max-size": "10m"}}', []),
        ((), '{"log-opts": {"env-regex": ".*", "labels": "container.id-full", "tag": "x"}}', ["env-regex", "labels"]),
        (("--log-opt", "env-regex=^(os)", "--log-opt", "labels-regex=.+"), "{}", ["labels-regex"]),
        ((), "no JSON", "unknown"),
    ],
)
def test_default_log_options_that_say_whose_a_line_is_are_named(
    host: Host, flags: tuple[str, ...], settings: str, owners: Any
) -> None:
    host.dockerd(*flags)
    host.write("/etc/docker/daemon.json", settings)

    assert facts(host)["logOwners"]["value"] == owners


INFO: dict[str, Any] = json.loads(Path(__file__).with_name("info.json").read_text())


def facts(host: Host, info: dict[str, Any] | None = None, api: EngineApi | None = None) -> Any:
    running = daemon_settings.find_dockerd(host.files)
    return daemon_facts.collect_facts(host.files, running, host.configuration(), Info(info), api, processes_read=True)


def test_what_dockerd_says_counts(host: Host) -> None:
    found = facts(host, INFO)

    assert {name: found[name]["value"] for name in found if "value" in found[name]} == {
        "installed": True,
        "running": True,
        "version": "26.1.5+dfsg1",
        "release": 26001005,
        "authorizationPlugins": ["portero"],
        "firstPlugin": "portero",
        "noNewPrivileges": "unknown",
        "seccomp": "builtin",
        "logDriver": "journald",
        "logOwners": "unknown",
        "icc": "unknown",
        "iptables": "unknown",
        "userlandProxy": "unknown",
        "liveRestore": True,
        "experimental": False,
        "insecureRegistries": ["registry.example.com:5000", "10.0.0.0/8"],
        "serversInPools": "unknown",
        "cgroupVersion": "2",
    }
    assert found["userNamespaces"]["remapped"] == {"value": True, "at": "GET /info SecurityOptions"}
    assert found["userNamespaces"]["rootless"]["value"] is False
    assert {name: fact["value"] for name, fact in found["enforcesLimits"].items()} == {
        "memory": False,
        "swap": "unknown",
        "cpu": True,
        "pids": "unknown",
    }


def test_the_configuration_counts_where_nobody_answers(host: Host) -> None:
    host.dockerd("--userns-remap=default", "--log-driver", "syslog", "--authorization-plugin=portero")
    host.write("/etc/docker/daemon.json", '{"icc": false, "seccomp-profile": "unconfined", "live-restore": true}')

    found = facts(host)

    assert found["running"]["value"] is True
    assert found["version"]["value"] == found["release"]["value"] == "unknown"
    assert found["userNamespaces"]["remapped"] == {"value": True, "at": "dockerd --userns-remap"}
    assert found["userNamespaces"]["rootless"] == {"value": False, "at": "user of dockerd"}
    told = {name: found[name]["value"] for name in ("logDriver", "seccomp", "icc", "liveRestore", "iptables")}
    assert told == {"logDriver": "syslog", "seccomp": "unconfined", "icc": False, "liveRestore": True, "iptables": True}
    assert found["authorizationPlugins"] == {"value": ["portero"], "at": "dockerd --authorization-plugin"}


@pytest.mark.parametrize(
    ("written", "first"),
    [
        ('{"authorization-plugins": ["other", "portero"]}', "other"),
        ('{"authorization-plugins": ["portero", "other"]}', "portero"),
        ("{}", ""),
        ("{", "unknown"),
    ],
)
def test_the_plugin_that_dockerd_asks_first_is_the_first_that_is_named(host: Host, written: str, first: str) -> None:
    host.dockerd()
    host.write("/etc/docker/daemon.json", written)

    assert facts(host)["firstPlugin"] == {"value": first, "at": ANY}


def test_a_dockerd_is_rootless_when_it_says_so_or_has_another_user(host: Host) -> None:
    assert facts(host)["userNamespaces"]["rootless"]["value"] == "unknown"
    host.dockerd(status="Uid:\t1000\t1000\t1000\t1000\n")
    assert facts(host)["userNamespaces"]["rootless"]["value"] is True

    found = facts(host, {"SecurityOptions": ["name=seccomp,profile=builtin", "name=rootless", "name=cgroupns"]})

    assert found["userNamespaces"]["rootless"]["value"] is True
    assert found["userNamespaces"]["remapped"]["value"] is False


def test_docker_is_installed_where_its_program_is(host: Host) -> None:
    assert facts(host)["installed"]["value"] is False

    host.write("/usr/sbin/dockerd", "")

    assert facts(host)["installed"]["value"] is True
    assert facts(host)["running"]["value"] is False


@pytest.mark.parametrize(
    ("version", "release"), [("25.0.6", 25000006), ("28.0", 28000000), ("19.03.15", 19003015), ("dev", "unknown")]
)
def test_a_version_becomes_a_number(host: Host, version: str, release: Any) -> None:
    assert facts(host, {"ServerVersion": version})["release"]["value"] == release


def test_the_data_root_is_what_dockerd_says_then_what_it_is_told(host: Host) -> None:
    host.dockerd()
    configured = host.configuration()

    assert daemon_facts.read_data_root(configured, Info(INFO))["value"] == "/srv/docker"
    assert daemon_facts.read_data_root(configured, Info(None))["value"] == "/var/lib/docker"


@pytest.mark.parametrize("info", [None, INFO], ids=["configured", "reported"])
@pytest.mark.parametrize(
    ("value", "start", "maps"), [("root", "1", False), ("default", "0", False), ("default", "231072", True)]
)
def test_a_remap_that_leaves_root_as_root_or_that_dockerd_does_not_report_is_none(
    host: Host, info: dict[str, Any] | None, value: str, start: str, maps: bool
) -> None:
    host.dockerd(f"--userns-remap={value}")
    host.write("/etc/subuid", f"dockremap:{start}:65536\n")

    assert facts(host, info)["userNamespaces"]["remapped"]["value"] is maps
    assert facts(host, INFO | {"SecurityOptions": []})["userNamespaces"]["remapped"]["value"] is False


@pytest.mark.parametrize(("bridge", "icc"), [("true", True), ("false", False)])
def test_the_default_bridge_itself_counts_before_the_file(host: Host, dockerd: Dockerd, bridge: str, icc: bool) -> None:
    host.write("/etc/docker/daemon.json", json.dumps({"icc": not icc}))
    dockerd.says("GET /networks/bridge", 200, {"Options": {"com.docker.network.bridge.enable_icc": bridge}})

    assert facts(host, {}, EngineApi(dockerd.address))["icc"] == {"value": icc, "at": "GET /networks/bridge"}


@pytest.mark.parametrize("answer", [{}, {"Options": None}, {"Options": {"com.docker.network.bridge.enable_icc": "no"}}])
def test_a_bridge_that_does_not_tell_leaves_it_to_the_file(host: Host, dockerd: Dockerd, answer: Any) -> None:
    host.write("/etc/docker/daemon.json", '{"icc": false}')
    dockerd.says("GET /networks/bridge", 200, answer)

    assert facts(host, {}, EngineApi(dockerd.address))["icc"]["value"] is False


@pytest.mark.parametrize(
    ("reported", "written", "at"),
    [
        (["name=no-new-privileges"], "false", "GET /info SecurityOptions"),
        ([], "true", "/etc/docker/daemon.json no-new-privileges"),
    ],
    ids=["reported, whatever the file says", "of an old dockerd, that reports none"],
)
def test_no_new_privileges_are_in_force(host: Host, reported: list[str], written: str, at: str) -> None:
    host.write("/etc/docker/daemon.json", f'{{"no-new-privileges": {written}}}')

    found = facts(host, {"SecurityOptions": ["name=seccomp,profile=builtin", *reported]})

    assert found["noNewPrivileges"] == {"value": True, "at": at}
