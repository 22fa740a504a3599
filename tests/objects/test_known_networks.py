"""A host with networks that are known beforehand."""

from portero.host.fixed import FixedHost
from portero.objects.known_networks import KnownNetworks

HOST = FixedHost({"networks": {"a" * 64: "host"}, "daemon": {"log-driver": "syslog"}})
KNOWN = KnownNetworks(HOST, {"b" * 64: "front"}.get).moment()


def test_a_known_network_has_its_name_and_the_host_is_asked_for_the_others() -> None:
    assert KNOWN.network("b" * 64) == "front"
    assert KNOWN.network("a" * 64) == "host"
    assert KNOWN.network("c" * 64) is None


def test_everything_else_is_the_hosts() -> None:
    assert KNOWN.look("/run/docker.sock") == HOST.look("/run/docker.sock")
    assert KNOWN.daemon().log_driver == "syslog"
