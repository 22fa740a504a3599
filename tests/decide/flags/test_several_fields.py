"""Flags that stand for each of many: published ports, paths with a tmpfs, networks."""

from typing import Any

import pytest

from portero.decide.flags.edits import NONE, NOTHING, Change, Violated
from portero.decide.flags.several_fields import Cpus, LogDriver, Network, Published, ServicePorts
from tests.decide.flags.bodies import document

PORTS = {"80/tcp": [{"HostPort": "80"}], "53/udp": [{"HostPort": "53", "HostIp": "10.0.0.1"}], "90/tcp": None}
REFUSED = Violated(
    ["Ports[*]"], [{"containerPort": 80, "protocol": "tcp", "hostPort": 80, "hostIp": "", "at": "Ports[*]"}]
)


def test_only_the_ports_that_are_refused_get_an_address() -> None:
    changed = document(Ports=PORTS)

    assert Published("Ports").add(changed, "127.0.0.1:PORT:PORT", REFUSED) == Change(("127.0.0.1:80:80",), ("80:80",))
    assert changed["body"]["Ports"] == {
        "80/tcp": [{"HostPort": "80", "HostIp": "127.0.0.1"}],
        "53/udp": [{"HostPort": "53", "HostIp": "10.0.0.1"}],
        "90/tcp": [{}],
    }


def test_a_port_is_published_higher() -> None:
    changed = document(Ports=PORTS)

    assert Published("Ports").add(changed, "PORT+8000:PORT", REFUSED) == Change(("8080:80",), ("80:80",))
    assert changed["body"]["Ports"]["80/tcp"] == [{"HostPort": "8080"}]


def test_all_ports_are_meant_where_nothing_tells_which() -> None:
    change = Published("Ports").add(document(Ports=PORTS), "[::1]:PORT:PORT", NONE)

    assert change.added == ("[::1]:80:80", "[::1]:53:53/udp", "[::1]::90")
    assert change.removed == ("80:80", "10.0.0.1:53:53/udp", "90")


def test_a_container_without_ports_stays_as_it_is() -> None:
    assert Published("Ports").add(document(), "127.0.0.1:PORT:PORT", NONE) == NOTHING


@pytest.mark.parametrize("value", ["80", "localhost:PORT:PORT", "PORT+1:PORT"])
def test_another_value_is_an_error(value: str) -> None:
    with pytest.raises(ValueError, match="is neither"):
        Published("Ports").add(document(), value, NONE)


def test_a_service_publishes_higher_and_without_an_address() -> None:
    port = {"PublishedPort": 80, "TargetPort": 80, "Protocol": "tcp"}
    changed = document(Ports=[port, {**port, "PublishedPort": 8443}])

    change = ServicePorts("Ports").add(changed, "PORT+8000:PORT", Violated(["Ports[0]"]))

    assert change == Change(("8080:80",), ("80:80",))
    assert [port["PublishedPort"] for port in changed["body"]["Ports"]] == [8080, 8443]
    assert ServicePorts("Ports").drop(changed, Violated(["Ports[1]"])).removed == ("8443:80",)


def test_a_network_replaces_the_others() -> None:
    changed = document(
        HostConfig={"NetworkMode": "host"}, NetworkingConfig={"EndpointsConfig": {"host": {}, "other": {}}}
    )

    assert Network().add(changed, "app", NONE) == Change(("app",), ("host", "other"))
    assert changed["body"] == {
        "HostConfig": {"NetworkMode": "app"},
        "NetworkingConfig": {"EndpointsConfig": {"app": {}}},
    }


def test_the_network_of_the_host_is_dropped() -> None:
    changed = document(HostConfig={"NetworkMode": "host"}, NetworkingConfig={"EndpointsConfig": {"host": {}}})

    assert Network().drop(changed, Violated(["HostConfig.NetworkMode"])) == Change(removed=("host",))
    assert changed["body"] == {"HostConfig": {}, "NetworkingConfig": {}}


def test_cpus_take_the_place_of_a_period_and_a_quota() -> None:
    changed = document(HostConfig={"NanoCpus": 4000000000, "CpuQuota": 900000, "CpuPeriod": 0})

    assert Cpus("HostConfig.NanoCpus").add(changed, "1", NONE) == Change(("1",), ("4",), (("--cpu-quota", "900000"),))
    assert changed["body"] == {"HostConfig": {"NanoCpus": 1000000000}}
    assert Cpus("HostConfig.NanoCpus").drop(changed, Violated(["HostConfig.NanoCpus"])) == Change(removed=("1",))


LOG = LogDriver("LogConfig", lambda name: {"Type": name}, options="LogConfig.Config")


@pytest.mark.parametrize(
    ("before", "change"),
    [
        ({"Type": "json-file", "Config": {"max-size": "1m"}}, (("json-file",), (("--log-opt", "max-size=..."),))),
        ({"Type": "", "Config": {"max-size": "1m"}}, ((), (("--log-opt", "max-size=..."),))),
        ({"Type": "json-file"}, (("json-file",), ())),
        (None, ((), ())),
    ],
)
def test_another_log_driver_takes_none_of_the_options(before: Any, change: Any) -> None:
    changed = document(LogConfig=before)

    assert LOG.add(changed, "journald", NONE) == Change(("journald",), *change)
    assert changed["body"] == {"LogConfig": {"Type": "journald"}}
    assert LOG.add(changed, "journald", NONE) == NOTHING


def test_a_log_driver_goes_with_its_options() -> None:
    changed = document(LogConfig={"Type": "fluentd", "Config": {"fluentd-address": "unix:///x"}})

    assert LOG.drop(changed, Violated(["Labels"])) == NOTHING
    assert LOG.drop(changed, Violated(["LogConfig"])) == Change(
        removed=("fluentd",), others=(("--log-opt", "fluentd-address=..."),)
    )
