"""Published ports: one fact for each binding."""

from typing import Any

import pytest

from portero.decide.facts import ports
from portero.decide.facts.collect import collect_facts
from portero.decide.values.json_fields import JSON, Fact
from portero.observe.host.fixed_host import FixedHost

SAID = "HostConfig.PortBindings[*]"


def of_bindings(bindings: dict[str, JSON]) -> Any:
    return ports.read_create({"PortBindings": bindings})


@pytest.mark.parametrize(
    ("port", "number", "protocol"),
    [
        ("80/tcp", 80, "tcp"),
        ("53/udp", 53, "udp"),
        ("53/UDP", 53, "udp"),
        ("6379", 6379, "tcp"),
        ("8000-8010/tcp", 8000, "tcp"),
        ("/tcp", None, "tcp"),
        (" 80/tcp", None, "tcp"),
        ("65536/tcp", None, "tcp"),
    ],
)
def test_the_container_s_port_is_split(port: str, number: int | None, protocol: str) -> None:
    found = of_bindings({port: [{"HostIp": "127.0.0.1", "HostPort": "8080"}]})

    assert found == [
        {"containerPort": number, "protocol": protocol, "hostIp": "127.0.0.1", "hostPort": 8080, "at": SAID}
    ]


@pytest.mark.parametrize(
    ("at", "number"),
    [
        *(("8080", 8080), ("0080", 80), ("8080-8090", 8080), ("22/tcp", 22)),
        *(("", None), ("0", None), ("+80", None), ("x", None)),
    ],
)
def test_the_host_s_port_is_the_first_of_a_range_or_any(at: str, number: int | None) -> None:
    assert of_bindings({"80/tcp": [{"HostPort": at}]})[0]["hostPort"] == number


@pytest.mark.parametrize("bindings", [[], [{}]], ids=["no-binding", "empty-binding"])
def test_a_port_without_a_binding_is_published_on_any_port(bindings: JSON) -> None:
    assert of_bindings({"80/tcp": bindings}) == [
        {"containerPort": 80, "protocol": "tcp", "hostIp": "", "hostPort": None, "at": SAID}
    ]


def test_each_binding_counts() -> None:
    assert [fact["hostPort"] for fact in of_bindings({"80/tcp": [{"HostPort": "1"}, {"HostPort": "2"}]})] == [1, 2]


def test_a_service_publishes_on_every_interface() -> None:
    endpoint: Any = {"Ports": [{"TargetPort": 80, "PublishedPort": 22, "Protocol": "udp"}, {"TargetPort": 90}]}

    assert ports.read_service(endpoint) == [
        {"containerPort": 80, "protocol": "udp", "hostIp": "", "hostPort": 22, "at": "EndpointSpec.Ports[0]"},
        {"containerPort": 90, "protocol": "tcp", "hostIp": "", "hostPort": None, "at": "EndpointSpec.Ports[1]"},
    ]


@pytest.mark.parametrize(
    ("at", "address"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("2001:DB8:0:0::1", "2001:db8::1"),
        ("::ffff:127.0.0.1", "127.0.0.1"),
        *((every, "") for every in ("", "0.0.0.0", "::", "0:0:0:0:0:0:0:0", "::ffff:0.0.0.0")),
        *((no_address, "") for no_address in ("127.0.0.01", "300.0.0.1", "fe80::1%eth0", "localhost")),
    ],
)
def test_what_go_does_not_read_as_an_address_is_every_interface(at: str, address: str) -> None:
    assert of_bindings({"80/tcp": [{"HostIp": at}]})[0]["hostIp"] == address


def test_published_ports_are_counted_with_those_that_publish_all_adds() -> None:
    bindings = {"80/tcp": [{"HostPort": "1"}, {"HostPort": "2"}], "81/tcp": None}
    exposed: dict[str, JSON] = {"80/tcp": {}, "90/tcp": {}, "91/tcp": {}}
    body: Fact = {"ExposedPorts": exposed, "HostConfig": {"PortBindings": bindings}}
    all_ports: Fact = {**body, "HostConfig": {"PortBindings": bindings, "PublishAllPorts": True}}

    assert ports.count_create(body) == {"value": 3, "at": "HostConfig.PortBindings"}
    assert ports.count_create(all_ports)["value"] == 5
    service = collect_facts("ServiceCreate", {"EndpointSpec": {"Ports": [{}, {}]}}, {}, {}, FixedHost())
    assert service["publishedPorts"] == {"value": 2, "at": "EndpointSpec.Ports"}
