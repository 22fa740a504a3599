"""Every network that is asked for is found, under the name that Docker has for it."""

import json
from typing import Any, cast

import pytest

from portero.facts import networks
from portero.facts.networks import find_taken, read_subnets
from portero.host.fixed_host import FixedHost
from portero.values.json_types import Fact

HOST_ID = "f0" * 32
HOST = FixedHost({"networks": {HOST_ID: "host"}})
ENDPOINTS = "NetworkingConfig.EndpointsConfig[*]"


def network(name: str, at: str, resolved: str | None = "") -> dict[str, str | None]:
    return {"name": name, "resolved": name if resolved == "" else resolved, "at": at}


def of_mode(mode: str) -> Any:
    return networks.read_create({"HostConfig": {"NetworkMode": mode}}, HOST)


def test_nothing_set_is_the_default_network() -> None:
    assert networks.read_create({}, HOST) == [network("default", "HostConfig.NetworkMode")]


@pytest.mark.parametrize("mode", ["default", "bridge", "none", "host", "app"])
def test_a_mode_is_a_network(mode: str) -> None:
    assert of_mode(mode) == [network(mode, "HostConfig.NetworkMode")]


@pytest.mark.parametrize("mode", ["container:web", "container:", "ns:/proc/1/ns/net"])
def test_another_s_namespace_is_no_network(mode: str) -> None:
    assert of_mode(mode) == []


def test_an_id_is_looked_up() -> None:
    assert of_mode(HOST_ID) == [network(HOST_ID, "HostConfig.NetworkMode", "host")]


def test_an_id_that_cannot_be_looked_up_has_no_name() -> None:
    assert of_mode("ab" * 32) == [network("ab" * 32, "HostConfig.NetworkMode", None)]


def test_endpoints_are_networks_by_name_and_by_id() -> None:
    body: Any = {"NetworkingConfig": {"EndpointsConfig": {"app": {"NetworkID": HOST_ID}, "db": {}}}}

    assert networks.read_create(body, HOST) == [
        network("default", "HostConfig.NetworkMode"),
        network("app", ENDPOINTS),
        network(HOST_ID, f"{ENDPOINTS}.NetworkID", "host"),
        network("db", ENDPOINTS),
    ]


def test_a_service_says_networks_in_two_places() -> None:
    body: Any = {"TaskTemplate": {"Networks": [{"Target": "a"}, {"Target": "host"}]}, "Networks": [{"Target": "b"}]}

    assert networks.read_service(body, HOST) == [
        network("a", "TaskTemplate.Networks[0]"),
        network("host", "TaskTemplate.Networks[1]"),
        network("b", "Networks[0]"),
    ]


def test_a_service_reaches_a_network_by_the_beginning_of_its_id() -> None:
    host = FixedHost({"networks": {"efm": "host"}})
    body: Any = {"TaskTemplate": {"Networks": [{"Target": "efm"}, {"Target": "back-end"}, {"Target": "web"}]}}

    assert [found["resolved"] for found in cast(list[Fact], networks.read_service(body, host))] == [
        "host",
        "back-end",
        "web",
    ]


def test_a_connection_is_to_the_network_in_the_path() -> None:
    assert networks.read_connect({"id": "host"}, {"Container": "web"}, HOST) == [network("host", "path.id")]


def test_a_connection_can_name_another_network_by_its_id() -> None:
    found = networks.read_connect({"id": "app"}, {"EndpointConfig": {"NetworkID": HOST_ID}}, HOST)

    assert found == [network("app", "path.id"), network(HOST_ID, "EndpointConfig.NetworkID", "host")]


def test_a_build_says_one_network() -> None:
    assert networks.read_build("", "?networkmode", HOST) == [network("default", "?networkmode")]
    assert networks.read_build("container:web", "?networkmode", HOST) == [network("container:web", "?networkmode")]


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


def test_the_driver_s_options_are_read() -> None:
    found = networks.read_created(
        {"Driver": "macvlan", "Options": {"parent": "eth0"}, "Internal": True, "Attachable": True}, HOST
    )

    assert (found["driver"], found["parent"], found["at"]) == ("macvlan", "eth0", "Driver")
    assert (found["internal"], found["attachable"], found["ingress"]) == (True, True, False)


@pytest.mark.parametrize(("driver", "at"), [("bridge", "Options"), ("overlay", "Driver"), ("a", "Driver")])
def test_a_bridge_is_judged_by_its_options(driver: str, at: str) -> None:
    assert networks.read_created({"Driver": driver}, HOST)["at"] == at


def test_an_ingress_network_and_one_for_configuration_are_known() -> None:
    found = networks.read_created({"Ingress": True, "ConfigOnly": True, "ConfigFrom": {"Network": "x"}}, HOST)

    assert (found["ingress"], found["configOnly"], found["configFrom"]) == (True, True, "x")


@pytest.mark.parametrize("name", ["host", "none", "bridge", "ingress"])
def test_a_network_that_each_daemon_has_needs_no_lookup(name: str) -> None:
    host = FixedHost({"networks": None})

    assert networks.read_delete({"id": name}, host) == [network(name, "path.id")]


@pytest.mark.parametrize(("at", "value"), [("false", False), ("0", False), ("True", True), ("no", None)])
def test_inter_container_communication_is_read_as_go_reads_a_boolean(at: str, value: bool | None) -> None:
    found = networks.read_created({"Options": {"com.docker.network.bridge.enable_icc": at}}, HOST)

    assert found["interContainerCommunication"] is value


BRIDGE = "com.docker.network.bridge"


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
    assert networks.read_created({"Options": {f"{BRIDGE}.name": name}}, host)["bridgeInUse"] is expected


@pytest.mark.parametrize(("option", "expected"), [("true", True), ("1", True), ("yes", True), ("false", False)])
def test_a_network_can_take_the_place_of_the_default_bridge(option: str, expected: bool) -> None:
    found = networks.read_created({"Options": {f"{BRIDGE}.default_bridge": option}}, HOST)

    assert found["defaultBridge"] is expected


def test_gateway_modes_and_trusted_interfaces_are_read() -> None:
    options: Any = {
        f"{BRIDGE}.gateway_mode_ipv4": "routed",
        f"{BRIDGE}.gateway_mode_ipv6": "nat",
        f"{BRIDGE}.trusted_host_interfaces": "eth0:eth1",
    }
    found = networks.read_created({"Options": options}, HOST)

    assert (found["gatewayModes"], found["trustedInterfaces"]) == (["routed", "nat"], "eth0:eth1")


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


def test_a_network_is_removed_by_name_or_by_the_beginning_of_its_id() -> None:
    host = FixedHost({"networks": {"efm": "ingress"}})

    assert networks.read_delete({"id": "ingress"}, host) == [network("ingress", "path.id")]
    assert networks.read_delete({"id": "efm"}, host) == [network("efm", "path.id", "ingress")]
    assert networks.read_delete({"id": "a" * 25}, host) == [network("a" * 25, "path.id", None)]


def test_a_whole_id_of_a_local_network_is_never_that_of_the_ingress_network() -> None:
    assert networks.read_delete({"id": "ab" * 32}, HOST) == [network("ab" * 32, "path.id")]


@pytest.mark.parametrize("name", ["br-app", "e+", ""])
def test_a_network_tells_the_name_of_its_bridge_as_sent(name: str) -> None:
    assert networks.read_created({"Options": {f"{BRIDGE}.name": name}}, HOST)["bridge"] == name


ROUTED = FixedHost({"routes": ["192.168.50.0/24", "fd77::/64"]})


def read(subnet: str, host: FixedHost = ROUTED, **body: Any) -> Any:
    (found,) = read_subnets({**body, "IPAM": {"Config": [{"Subnet": subnet}]}}, host)
    return found


@pytest.mark.parametrize(
    ("subnet", "private", "overlaps"),
    [
        ("172.28.0.0/16", True, []),
        ("192.168.50.128/25", True, ["192.168.50.0/24"]),
        ("10.0.0.0/8", True, []),
        ("10.0.0.0/7", False, []),
        ("172.16.0.0/12", True, []),
        ("172.16.0.0/11", False, []),
        ("172.32.0.0/16", False, []),
        ("192.168.128.0/17", True, []),
        ("192.169.0.0/16", False, []),
        ("fc00::/8", True, []),
        ("fe00::/16", False, []),
        ("169.254.169.0/24", False, []),
        ("8.8.8.0/24", False, []),
        ("0.0.0.0/1", False, []),
        ("fd77::/80", True, ["fd77::/64"]),
        ("fd78::/64", True, []),
        ("2001:db8:1::/64", True, []),
        ("2001:db7::/64", False, []),
        ("2001:db8::/31", False, []),
        ("::ffff:10.0.0.0/104", False, []),
    ],
)
def test_a_bridge_takes_what_its_subnet_covers(subnet: str, private: bool, overlaps: list[str]) -> None:
    found = read(subnet)

    assert (found["private"], found["overlaps"], found["hostAddress"]) == (private, overlaps, True)
    assert found["at"] == "IPAM.Config[0].Subnet"


def test_a_subnet_has_its_prefix_in_bits() -> None:
    assert read("10.128.0.0/9")["prefix"] == "4:000010101"


@pytest.mark.parametrize("subnet", ["010.0.0.0/8", "10.0.0.0/33", "x", "10.0.0.0/8/8", "fe80::%eth0/64 "])
def test_what_is_no_subnet_is_neither_private_nor_listed(subnet: str) -> None:
    found = read(subnet)

    assert (found["private"], found["prefix"]) == (False, "")


@pytest.mark.parametrize(
    ("body", "on_host"),
    [
        ({"Driver": "overlay"}, True),
        ({"Driver": "macvlan"}, False),
        ({"Driver": "ipvlan"}, False),
        ({"Driver": "macvlan", "ConfigOnly": True}, True),
    ],
)
def test_only_some_drivers_give_the_host_an_address(body: dict[str, object], on_host: bool) -> None:
    found = read("192.168.50.0/24", **body)

    assert (found["hostAddress"], bool(found["overlaps"])) == (on_host, on_host)


def test_routes_that_are_not_visible_are_not_none() -> None:
    assert read("10.1.0.0/16", FixedHost({"visible": False}))["overlaps"] == ["unseen"]


def test_without_a_subnet_docker_chooses_a_free_one() -> None:
    body: Fact = {"IPAM": {"Driver": "default", "Config": [{"Gateway": ""}]}}

    assert read_subnets(body, ROUTED) == []


def test_networks_that_exist_have_taken_their_subnets_and_bridges() -> None:
    inspected: list[Fact] = [
        {"IPAM": {"Config": [{"Subnet": "172.28.0.0/16"}, {"Subnet": "?"}]}, "Options": {}},
        {"IPAM": {"Config": None}, "Options": {"com.docker.network.bridge.name": "br-app"}},
        {"ConfigOnly": True, "Options": {"com.docker.network.bridge.name": "br-other"}},
    ]

    taken = find_taken(inspected)

    assert ([str(network) for network in taken.ranges], taken.interfaces) == (["172.28.0.0/16"], {"br-app"})
