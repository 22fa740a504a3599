"""The networks that a call joins, and the one that NetworkCreate makes.

Networks may be given by ID (moby daemon/network.go, FindNetwork): the host view knows the name of an ID. A service
reaches the host's network even by the beginning of its ID (moby daemon/cluster/helpers.go, getNetwork), a container
that is given an ID gets a separate network (docker-facts 8.1).
"""

from collections.abc import Iterable, Mapping

from portero.decide.facts import process
from portero.decide.facts.subnets import _parse, read_subnets
from portero.decide.interfaces.host import NO_ROUTES, HostMoment, HostRoutes
from portero.decide.values.docker_names import AT_PATH, JOINING, is_id, is_network_id, may_begin_network_id
from portero.decide.values.go_values import parse_go_bool
from portero.decide.values.json_fields import JSON, Fact, as_object, child, flag, objects, text

# moby libnetwork/drivers/bridge/labels.go
BRIDGE_NAME, ICC = "com.docker.network.bridge.name", "com.docker.network.bridge.enable_icc"
_DEFAULT_BRIDGE = "com.docker.network.bridge.default_bridge"
_GATEWAY_MODES = ("com.docker.network.bridge.gateway_mode_ipv4", "com.docker.network.bridge.gateway_mode_ipv6")
_TRUSTED = "com.docker.network.bridge.trusted_host_interfaces"
_SYSCTLS = "com.docker.network.endpoint.sysctls"  # moby libnetwork/netlabel/labels.go
_PREDEFINED = ("host", "none", "bridge", "ingress")
PARENT = "parent"  # moby libnetwork/drivers/macvlan/macvlan.go, ipvlan/ipvlan.go: parentOpt


def read_create(body: Fact, host: HostMoment) -> list[JSON]:
    """NetworkMode and EndpointsConfig of a container."""
    mode = text(child(body, "HostConfig"), "NetworkMode") or "default"
    endpoints = child(child(body, "NetworkingConfig"), "EndpointsConfig")
    at = "NetworkingConfig.EndpointsConfig[*]"
    # A container's or a path's namespace is no network; decide/facts/process.py has it.
    is_shared = mode.startswith((JOINING, AT_PATH))
    facts: list[JSON] = [] if is_shared else [make_fact(mode, "HostConfig.NetworkMode", host)]
    for name, endpoint in endpoints.items():
        facts.append(make_fact(name, at, host))
        facts += _read_endpoint(as_object(endpoint, at), at, host)
    return facts


def read_service(body: Fact, host: HostMoment) -> list[JSON]:
    """Networks of the task and, from older clients, of the service itself."""
    return [_read_service_network(text(network, "Target"), at, host) for network, at in list_attachments(body)]


def read_connect(path: Mapping[str, str], body: Fact, host: HostMoment) -> list[JSON]:
    """The network in the path, and the one that the endpoint may name instead of it."""
    return [
        make_fact(path.get("id", ""), "path.id", host),
        *_read_endpoint(child(body, "EndpointConfig"), "EndpointConfig", host),
    ]


def read_delete(path: Mapping[str, str], host: HostMoment) -> list[JSON]:
    """The network that NetworkDelete removes, by name, ID or the beginning of its ID."""
    name, at = path.get("id", ""), "path.id"
    # Only local networks have such an ID; the ingress network is one of the swarm.
    return [{"name": name, "resolved": name, "at": at} if is_id(name) else _read_service_network(name, at, host)]


def read_endpoint_sysctls(body: Fact) -> list[JSON]:
    """Sysctls in the driver options of the endpoints of a container, a service or NetworkConnect.

    From Docker 27 on (moby libnetwork/netlabel/labels.go, EndpointSysctls): `NAME=VALUE,…`, IFNAME for the interface.
    """
    endpoints = child(child(body, "NetworkingConfig"), "EndpointsConfig")
    holders = [
        *((endpoint, "NetworkingConfig.EndpointsConfig[*]") for endpoint in endpoints.values()),
        (child(body, "EndpointConfig"), "EndpointConfig"),
        *list_attachments(body),
    ]
    return [
        one
        for endpoint, at in holders
        if (option := text(child(as_object(endpoint, at), "DriverOpts"), _SYSCTLS))
        for one in _split_sysctls(option, f"{at}.DriverOpts")
    ]


def _split_sysctls(option: str, at: str) -> list[JSON]:
    pairs = (entry.partition("=") for entry in option.split(",") if entry)
    return process.read_sysctls({name: value for name, _, value in pairs}, at)


def read_created(body: Fact, host: HostMoment) -> Fact:
    """The network that NetworkCreate makes."""
    driver, options = text(body, "Driver"), child(body, "Options")
    bridge = text(options, BRIDGE_NAME)
    routes = host.routes() if bridge else NO_ROUTES
    return {
        "driver": driver or "bridge",
        "interContainerCommunication": parse_go_bool(text(options, ICC)),
        "internal": flag(body, "Internal"),
        "attachable": flag(body, "Attachable"),
        "ingress": flag(body, "Ingress"),
        "parent": text(options, PARENT),
        "configOnly": flag(body, "ConfigOnly"),
        "configFrom": text(child(body, "ConfigFrom"), "Network"),
        "subnets": read_subnets(body, host),
        "bridge": bridge,
        "bridgeInUse": None if routes is None else bridge in routes.interfaces,
        "defaultBridge": _DEFAULT_BRIDGE in options and parse_go_bool(text(options, _DEFAULT_BRIDGE)) is not False,
        "gatewayModes": [mode for name in _GATEWAY_MODES if (mode := text(options, name))],
        "trustedInterfaces": text(options, _TRUSTED),
        # A bridge is judged by its options, any other driver by being that driver.
        "at": "Options" if driver in ("", "bridge") else "Driver",
    }


def list_attachments(body: Mapping[str, JSON]) -> list[tuple[Fact, str]]:
    """The networks of a service, each with its place."""
    of_task = objects(child(body, "TaskTemplate"), "Networks")
    lists = ("TaskTemplate.Networks", of_task), ("Networks", objects(body, "Networks"))
    return [(network, f"{at}[{index}]") for at, networks in lists for index, network in enumerate(networks)]


def _read_endpoint(endpoint: Fact, at: str, host: HostMoment) -> list[JSON]:
    # The ID wins over the name of its entry (moby daemon/container_operations.go, getNetworkID).
    network = text(endpoint, "NetworkID")
    return [make_fact(network, f"{at}.NetworkID", host)] if network else []


def _read_service_network(name: str, at: str, host: HostMoment) -> Fact:
    if name in _PREDEFINED or is_network_id(name) or not may_begin_network_id(name):
        return make_fact(name, at, host)
    return {"name": name, "resolved": host.network(name), "at": at}


def make_fact(name: str, at: str, host: HostMoment) -> Fact:
    """A network by name or whole ID; `container:NAME` stays as it is."""
    resolved = host.network(name) if is_network_id(name) else name
    return {"name": name, "resolved": resolved, "at": at}


def find_taken(listed: Iterable[Mapping[str, JSON]]) -> HostRoutes:
    """Subnets and bridges by name of networks that exist (docker network inspect).

    A network that only holds options for others has none.
    """
    networks = [network for network in listed if not flag(network, "ConfigOnly")]
    subnets = [text(entry, "Subnet") for network in networks for entry in objects(child(network, "IPAM"), "Config")]
    bridges = (text(child(network, "Options"), BRIDGE_NAME) for network in networks)
    ranges = (_parse(subnet) for subnet in subnets if subnet)
    return HostRoutes(tuple(one for one in ranges if one is not None), frozenset(filter(None, bridges)))
