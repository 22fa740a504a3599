"""Servers of a host by their addresses, in its settings, its mounts and the daemon's."""

from pathlib import Path

import pytest

from portero.observe.files.symlinks import HostWalk
from portero.observe.host.used_servers import read_used_servers
from tests.tools.hostcheck.host_tree import Host

MOUNT = "36 24 0:40 / /mnt rw shared:1 - nfs4 nas:/x rw,vers=4.2,addr=10.4.0.4,clientaddr=10.4.0.9\n"


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
