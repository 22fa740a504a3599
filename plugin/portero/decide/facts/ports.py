"""Ports that are published on the host: PortBindings of a container, EndpointSpec.Ports of a service."""

from ipaddress import ip_address

from portero.decide.values.go_values import parse_go_port
from portero.decide.values.json_fields import JSON, Fact, as_object, child, flag, integer, items, objects, text

_BINDINGS = "HostConfig.PortBindings[*]"


def read_create(config: Fact) -> list[JSON]:
    """From a HostConfig: one entry for each binding."""
    bindings = child(config, "PortBindings")
    return [
        _make_fact(port, as_object(binding, _BINDINGS))
        for port in bindings
        # A port without a binding gets any free one (moby container_routes.go, handlePortBindingsBC): it is published.
        for binding in items(bindings, port) or [{}]
    ]


def read_service(endpoint: Fact) -> list[JSON]:
    """From an EndpointSpec; swarm publishes on every interface."""
    return [
        {
            "containerPort": integer(port, "TargetPort") or None,
            "protocol": text(port, "Protocol") or "tcp",
            "hostIp": "",
            "hostPort": integer(port, "PublishedPort") or None,
            "at": f"EndpointSpec.Ports[{index}]",
        }
        for index, port in enumerate(objects(endpoint, "Ports"))
    ]


def count_create(body: Fact) -> Fact:
    """How many ports a container publishes at most; each is a process of the host, docker-proxy, for IPv4 and IPv6."""
    config = child(body, "HostConfig")
    bindings = child(config, "PortBindings")
    count = sum(len(items(bindings, port)) or 1 for port in bindings)
    if flag(config, "PublishAllPorts"):
        count += len(child(body, "ExposedPorts").keys() - bindings.keys())
    return {"value": count, "at": "HostConfig.PortBindings"}


def _make_fact(port: str, binding: Fact) -> Fact:
    number, _, protocol = port.partition("/")
    # docker/go-connections nat: SplitProtoPort takes tcp when there is none, and cuts a protocol off the host's port.
    host_port = text(binding, "HostPort").partition("/")[0]
    return {
        "containerPort": _find_first(number),
        "protocol": protocol.lower() or "tcp",
        "hostIp": _normalize_address(text(binding, "HostIp")),
        "hostPort": _find_first(host_port),
        "at": _BINDINGS,
    }


def _normalize_address(given: str) -> str:
    """The address in one spelling; empty for every interface.

    dockerd takes every interface for what net.ParseIP does not read (moby daemon/network.go,
    buildCreateEndpointOptions).
    """
    try:
        address = ip_address(given)
    except ValueError:
        return ""
    address = getattr(address, "ipv4_mapped", None) or address
    # net.ParseIP reads no zone, Python does.
    return "" if address.is_unspecified or "%" in given else str(address)


def _find_first(ports: str) -> int | None:
    """The first port of a range; None for none, for 0 (any free port) and for what dockerd refuses."""
    return parse_go_port(ports.partition("-")[0]) or None
