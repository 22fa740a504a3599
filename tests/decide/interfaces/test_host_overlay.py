"""A host with networks that are known beforehand."""

from portero.decide.interfaces.host import NO_ROUTES, HostRoutes
from portero.decide.interfaces.host_notes import HostOverlay
from portero.observe.host.fixed_host import FixedHost

HOST = FixedHost({"networks": {"a" * 64: "host"}, "daemon": {"log-driver": "syslog"}, "interfaces": ["br-app", "eth0"]})
KNOWN = HostOverlay(HOST, {"b" * 64: "front"}.get).moment()


def test_a_known_network_has_its_name_and_the_host_is_asked_for_the_others() -> None:
    assert KNOWN.network("b" * 64) == "front"
    assert KNOWN.network("a" * 64) == "host"
    assert KNOWN.network("c" * 64) is None


def test_everything_else_is_the_hosts() -> None:
    assert KNOWN.find_entry("/run/docker.sock") == HOST.find_entry("/run/docker.sock")
    assert KNOWN.daemon().log_driver == "syslog"


def test_bridges_of_known_networks_are_not_the_hosts() -> None:
    known = HostOverlay(HOST, {}.get, HostRoutes((), frozenset({"br-app"}))).moment().routes()

    assert known is not None
    assert known.interfaces == {"eth0"}


def test_existing_networks_are_judged_where_routes_are_not_visible() -> None:
    unseen, own = FixedHost({"visible": False}), HostRoutes((), frozenset({"br-app"}))

    assert HostOverlay(unseen, {}.get).moment().routes() == NO_ROUTES
    assert HostOverlay(unseen, {}.get, own).moment().routes() == NO_ROUTES
