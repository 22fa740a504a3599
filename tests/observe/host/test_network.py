"""What takes addresses on a host is read from /proc/PID/net: every routing table, addresses, interfaces."""

import sys
from ipaddress import IPv4Address, ip_network
from pathlib import Path

import pytest

from portero.decide.interfaces.host import HostRoutes
from portero.observe.files.symlinks import HostWalk
from portero.observe.host.network import list_routed, read_routes, read_used_servers
from tests.tools.hostcheck.host_tree import Host

FIB_TRIE = """\
Main:
  +-- 0.0.0.0/0 3 0 5
     |-- 0.0.0.0
        /0 universe UNICAST
        /1 universe UNICAST
     |-- 128.0.0.0
        /1 universe UNICAST
     |-- 172.17.0.0
        /16 link UNICAST
     |-- 192.168.50.0
        /24 link UNICAST
Local:
  +-- 0.0.0.0/0 3 0 5
     +-- 127.0.0.0/8 2 0 2
        |-- 127.0.0.0
           /8 host LOCAL
     |-- 172.17.0.1
        /32 host LOCAL
     |-- 192.168.50.255
        /32 link BROADCAST
     |-- 224.0.0.0
        /4 universe MULTICAST
     |-- 203.0.113.9
        /32 host LOCAL
Id 52:
  +-- 0.0.0.0/0 3 0 5
     |-- 100.64.0.0
        /10 universe UNICAST
     |-- 10.9.0.0
        /16 universe BLACKHOLE
"""
IPV6_ROUTE = """\
fe800000000000000000000000000000 40 {z} 00 {z} 00000100 00000001 00000000 00000001     eth0
fd770000000000000000000000000000 40 {z} 00 {z} 00000100 00000001 00000000 00000001     eth0
fd990000000000000000000000000000 40 {z} 00 {z} 00000100 00000001 00000000 00000001 br-0123456789ab
{z} 00 {z} 00 fe800000000000000000000000000001 00000400 00000001 00000000 00000003     eth0
ff000000000000000000000000000000 08 {z} 00 {z} 00000100 00000001 00000000 00000001     eth0
""".format(z="0" * 32)
IF_INET6 = """\
fe80000000000000a4f04afffe1a63f6 05 40 20 c0     eth0
fd770000000000000000000000000005 05 40 00 80     eth0
fd990000000000000000000000000001 06 40 00 80 br-0123456789ab
"""
DEV = """\
Inter-|   Receive                                                |  Transmit
 face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets
    lo:       0       0    0    0    0     0          0         0        0       0
  eth0:       0       0    0    0    0     0          0         0        0       0
docker0:      0       0    0    0    0     0          0         0        0       0
"""
MOUNT = "36 24 0:40 / /mnt rw shared:1 - nfs4 nas:/x rw,vers=4.2,addr=10.4.0.4,clientaddr=10.4.0.9\n"


def route(interface: str, network: str) -> str:
    """A line of net/route, in which numbers stand as this machine keeps them."""
    address, mask = ip_network(network).network_address, ip_network(network).netmask
    words = [f"{int.from_bytes(one.packed, sys.byteorder):08X}" for one in (address, mask)]
    return f"{interface}\t{words[0]}\t00000000\t0001\t0\t0\t0\t{words[1]}\t0\t0\t0\n"


@pytest.fixture
def net(tmp_path: Path) -> Path:
    (tmp_path / "fib_trie").write_text(FIB_TRIE)
    lines = route("docker0", "172.17.0.0/16") + route("br0", "192.168.50.0/24") + route("eth0", "0.0.0.0/0")
    (tmp_path / "route").write_text("Iface\tDestination\tGateway\n" + lines)
    (tmp_path / "ipv6_route").write_text(IPV6_ROUTE)
    (tmp_path / "if_inet6").write_text(IF_INET6)
    (tmp_path / "dev").write_text(DEV)
    return tmp_path


def read(net: Path) -> HostRoutes:
    return read_routes(str(net))


def test_every_table_and_address_counts_but_default_routes_and_dockers_own_bridges(net: Path) -> None:
    assert [str(network) for network in read(net).ranges] == [
        *("10.9.0.0/16", "100.64.0.0/10", "127.0.0.0/8", "192.168.50.0/24", "203.0.113.9/32"),
        *("fd77::/64", "fd77::5/128"),
    ]


def test_a_server_counts_but_on_dockers_own_bridges(net: Path) -> None:
    servers = [ip_network(address) for address in ("10.77.0.53/32", "172.17.0.53/32", "fd99::53/128")]
    found = read_routes(str(net), servers)

    assert found.find_overlaps(ip_network("10.77.0.0/16")) == ("10.77.0.53/32",)
    assert not {"172.17.0.53/32", "fd99::53/128"} & {*map(str, found.ranges)}
    assert list_routed(str(net))[:2] == [ip_network("172.17.0.0/16"), ip_network("192.168.50.0/24")]


def test_interfaces_are_listed_by_name(net: Path) -> None:
    assert read(net).interfaces == {"lo", "eth0", "docker0"}


@pytest.mark.parametrize(
    ("subnet", "overlaps"),
    [
        ("192.168.50.0/25", ("192.168.50.0/24",)),
        ("192.168.0.0/16", ("192.168.50.0/24",)),
        ("192.168.51.0/24", ()),
        ("172.17.0.0/16", ()),  # dockerd itself refuses it
        ("fd77::/48", ("fd77::/64", "fd77::5/128")),
        ("fd99::/64", ()),
    ],
)
def test_a_subnet_overlaps_what_it_shares_an_address_with(net: Path, subnet: str, overlaps: tuple[str, ...]) -> None:
    assert read(net).find_overlaps(ip_network(subnet)) == overlaps


def test_a_kernel_without_ipv6_has_ipv4_only(net: Path) -> None:
    (net / "if_inet6").unlink()
    (net / "ipv6_route").unlink()

    assert {network.version for network in read(net).ranges} == {4}


@pytest.mark.parametrize("name", ["fib_trie", "route", "dev", "ipv6_route"])
def test_what_cannot_be_read_is_an_error(net: Path, name: str) -> None:
    (net / name).unlink()

    with pytest.raises(OSError, match=name):
        read(net)


def test_a_table_that_is_too_long_is_an_error(net: Path) -> None:
    (net / "fib_trie").write_text(FIB_TRIE + " " * (4 << 20))

    with pytest.raises(OSError, match="has more than"):
        read(net)


def test_this_host_is_read() -> None:
    assert any(IPv4Address("127.0.0.1") in network for network in read(Path("/proc/self/net")).ranges)


def test_what_is_known_to_be_anothers_does_not_count(net: Path) -> None:
    own = HostRoutes((ip_network("192.168.0.0/16"), ip_network("fd77::5/128")), frozenset({"docker0"}))

    left = read(net).exclude(own)

    assert "192.168.50.0/24" not in map(str, left.ranges)
    assert {"fd77::/64", "203.0.113.9/32"} <= {str(network) for network in left.ranges}
    assert left.interfaces == {"lo", "eth0"}


@pytest.mark.parametrize(
    ("file", "text", "servers"),
    [
        (
            "/etc/resolv.conf",
            "# 10.9.9.9\nnameserver 10.4.0.53\nnameserver fd00::53\n",
            "10.4.0.53 fd00::53",
        ),
        ("/run/systemd/resolve/resolv.conf", "nameserver 10.4.0.54\n", "10.4.0.54"),
        ("/etc/chrony/sources.d/site.sources", "server 10.4.0.123 iburst\n", "10.4.0.123"),
        ("/etc/chrony.conf", "allow 10.0.0.0/8\nserver time.corp\n", ""),
        ("/etc/fstab", "//10.4.0.5/share /mnt cifs ro 0 0\n10.4.0.6:/x /y nfs ro 0 0\n", "10.4.0.5 10.4.0.6"),
        ("/etc/environment", "http_proxy=http://10.4.0.8:3128\n", "10.4.0.8"),
        ("/sys/class/nvme/nvme0/address", "traddr=10.4.0.30,trsvcid=4420\n", "10.4.0.30"),
        ("/etc/docker/certs.d/10.4.0.5:5000/ca.crt", "", "10.4.0.5"),
        ("/etc/docker/daemon.json", '{"registry-mirrors": ["http://10.4.0.7:5000"], "bip": "10.5.0.1/24"}', "10.4.0.7"),
        ("/proc/42/mountinfo", MOUNT, "10.4.0.4 10.4.0.9"),
        ("/etc/krb5.conf", "kdc = 10.4.0.300\nversion 1.2.3.4.5 12:34:56\n", ""),
        ("/etc/hostname", "10.4.0.1", ""),
    ],
)
def test_an_address_where_the_host_names_its_servers_counts(tmp_path: Path, file: str, text: str, servers: str) -> None:
    host = Host(tmp_path)
    host.dockerd("--insecure-registry", "10.6.0.0/16", environment="HTTPS_PROXY=http://10.6.0.8:3128\0LANG=10.6.0.9\0")
    host.write(file, text)

    found = read_used_servers(HostWalk(str(tmp_path)), host.configuration().daemon, str(tmp_path / "proc"))

    assert {str(one.network_address) for one in found} == {*servers.split(), "10.6.0.8"}
