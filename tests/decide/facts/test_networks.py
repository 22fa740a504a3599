"""Every network that is asked for is found, under the name that Docker has for it."""

import json
from typing import Any, cast

import pytest

from portero.decide.facts import build, networks
from portero.decide.facts.networks import find_taken
from portero.decide.values.json_fields import Fact
from portero.observe.host.fixed_host import FixedHost
from tests.cases import cases

HOST_ID = "f0" * 32
HOST = FixedHost({"networks": {HOST_ID: "host"}})
ENDPOINTS = "NetworkingConfig.EndpointsConfig[*]"


def network(name: str, at: str, resolved: str | None = "") -> dict[str, str | None]:
    return {"name": name, "resolved": name if resolved == "" else resolved, "at": at}


def of_mode(mode: str) -> Any:
    return networks.read_create({"HostConfig": {"NetworkMode": mode}}, HOST)


@pytest.mark.parametrize("mode", ["container:web", "container:", "ns:/proc/1/ns/net"])
def test_another_s_namespace_is_no_network(mode: str) -> None:
    assert of_mode(mode) == []


def test_endpoints_are_networks_by_name_and_by_id() -> None:
    body: Any = {"NetworkingConfig": {"EndpointsConfig": {"app": {"NetworkID": HOST_ID}, "db": {}}}}

    assert networks.read_create(body, HOST) == [
        network("default", "HostConfig.NetworkMode"),
        network("app", ENDPOINTS),
        network(HOST_ID, f"{ENDPOINTS}.NetworkID", "host"),
        network("db", ENDPOINTS),
    ]


def test_a_service_reaches_a_network_by_the_beginning_of_its_id() -> None:
    host = FixedHost({"networks": {"efm": "host"}})
    body: Any = {"TaskTemplate": {"Networks": [{"Target": "efm"}, {"Target": "back-end"}, {"Target": "web"}]}}

    assert [found["resolved"] for found in cast(list[Fact], networks.read_service(body, host))] == [
        "host",
        "back-end",
        "web",
    ]


def test_a_connection_is_to_the_network_in_the_path_and_can_name_another_by_its_id() -> None:
    assert networks.read_connect({"id": "host"}, {"Container": "web"}, HOST) == [network("host", "path.id")]
    assert networks.read_connect({"id": "app"}, {"EndpointConfig": {"NetworkID": HOST_ID}}, HOST) == [
        network("app", "path.id"),
        network(HOST_ID, "EndpointConfig.NetworkID", "host"),
    ]


def test_a_build_says_one_network() -> None:
    assert build.read_query({}, HOST)["networks"] == [network("default", "?networkmode")]
    assert build.read_query({"networkmode": ["container:web"]}, HOST)["networks"] == [
        network("container:web", "?networkmode")
    ]


def test_a_network_is_a_bridge_by_default() -> None:
    assert networks.read_created({"Name": "app"}, HOST) == {
        "driver": "bridge",
        "interContainerCommunication": None,
        "internal": False,
        "attachable": False,
        "ingress": False,
        "parent": "",
        "configOnly": False,
        "configFrom": "",
        "subnets": [],
        "bridge": "",
        "bridgeInUse": False,
        "defaultBridge": False,
        "gatewayModes": [],
        "trustedInterfaces": "",
        "at": "Options",
    }


def bridge_option(name: str, value: str) -> Any:
    return {"Options": {f"com.docker.network.bridge.{name}": value}}


@pytest.mark.parametrize(("body", "facts"), cases(__file__, "network-options.jsonl"), ids=str)
def test_the_options_of_a_new_network_are_read(body: Any, facts: dict[str, Any]) -> None:
    assert networks.read_created(body, HOST) == networks.read_created({}, HOST) | facts


@pytest.mark.parametrize(
    ("name", "host", "expected"),
    [
        ("br0", FixedHost({"interfaces": ["br0"]}), True),
        ("br1", FixedHost({"interfaces": ["br0"]}), False),
        ("br1", FixedHost({"visible": False}), None),
        ("", FixedHost({"visible": False}), False),
    ],
)
def test_a_bridge_by_name_may_be_one_of_the_host(name: str, host: FixedHost, expected: bool | None) -> None:
    assert networks.read_created(bridge_option("name", name), host)["bridgeInUse"] is expected


INGRESS = FixedHost({"networks": {"efm": "ingress"}})


@pytest.mark.parametrize(
    ("id", "host", "resolved"),
    [
        *((name, FixedHost({"networks": None}), name) for name in ("host", "none", "bridge", "ingress")),
        pytest.param("efm", INGRESS, "ingress", id="the beginning of an ID"),
        pytest.param("a" * 25, INGRESS, None, id="an ID of a swarm"),
        pytest.param("ab" * 32, HOST, "ab" * 32, id="a whole ID is that of a local network, never of ingress"),
    ],
)
def test_a_network_is_removed_by_name_or_by_the_beginning_of_its_id(
    id: str, host: FixedHost, resolved: str | None
) -> None:
    assert networks.read_delete({"id": id}, host) == [network(id, "path.id", resolved)]


@pytest.mark.parametrize(
    ("body", "at"),
    [
        ({"NetworkingConfig": {"EndpointsConfig": {"app": {"DriverOpts": "?"}}}}, f"{ENDPOINTS}.DriverOpts"),
        ({"EndpointConfig": {"DriverOpts": "?"}}, "EndpointConfig.DriverOpts"),
        ({"TaskTemplate": {"Networks": [{"DriverOpts": "?"}]}}, "TaskTemplate.Networks[0].DriverOpts"),
        ({"Networks": [{"DriverOpts": "?"}]}, "Networks[0].DriverOpts"),
    ],
)
def test_sysctls_of_an_endpoint_are_found_in_its_driver_options(body: Any, at: str) -> None:
    option = {"com.docker.network.endpoint.sysctls": "net.ipv4.conf.IFNAME.route_localnet=1,net.ipv6.conf.IFNAME.x=2"}
    body = json.loads(json.dumps(body).replace('"?"', json.dumps(option)))

    assert networks.read_endpoint_sysctls(body) == [
        {"name": "net.ipv4.conf.ifname.route_localnet", "value": "1", "at": at},
        {"name": "net.ipv6.conf.ifname.x", "value": "2", "at": at},
    ]


def test_an_endpoint_without_options_sets_no_sysctl() -> None:
    body: Any = {"NetworkingConfig": {"EndpointsConfig": {"app": None}}, "EndpointConfig": {"DriverOpts": {"a": "b"}}}

    assert networks.read_endpoint_sysctls(body) == []


def test_networks_that_exist_have_taken_their_subnets_and_bridges() -> None:
    inspected: list[Fact] = [
        {"IPAM": {"Config": [{"Subnet": "172.28.0.0/16"}, {"Subnet": "?"}]}, "Options": {}},
        {"IPAM": {"Config": None}, "Options": {"com.docker.network.bridge.name": "br-app"}},
        {"ConfigOnly": True, "Options": {"com.docker.network.bridge.name": "br-other"}},
    ]

    taken = find_taken(inspected)

    assert ([str(network) for network in taken.ranges], taken.interfaces) == (["172.28.0.0/16"], {"br-app"})
