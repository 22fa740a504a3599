"""Hosts in addresses, in every spelling that dockerd dials."""

from ipaddress import ip_address
from typing import Any

import pytest

from portero.decide.facts import addresses
from portero.decide.facts.addresses import find_ip, is_local, read_host


@pytest.mark.parametrize(
    ("authority", "host"),
    [("web:80", "web"), ("web", "web"), ("[::1]:80", "::1"), ("[fe80::1%25lo]", "fe80::1%25lo"), ("::1", "::1")],
)
def test_a_host_is_read_without_its_port(authority: str, host: str) -> None:
    assert read_host(authority) == host


@pytest.mark.parametrize(
    "host", ["127.1", "2130706433", "0x7f000001", "0177.0.0.1", "::ffff:127.0.0.1", "::ffff:7f00:1"]
)
def test_every_spelling_of_an_address_is_one_address(host: str) -> None:
    assert find_ip(host) == ip_address("127.0.0.1")


def test_a_name_is_no_address() -> None:
    assert find_ip("docs.example.com") is None


LOCAL = [
    *("", "localhost", "localhost.", "a.localhost", "0", "::", "127.9.9.9", "LocalHost", "localhost\U000e0100"),
    *("\uff11", "%E2%93%9B"),
]
OTHER = ["192.0.2.1", "10.0.0.1", "localhost.example.com", "2001:db8::1"]


@pytest.mark.parametrize(("host", "local"), [*((host, True) for host in LOCAL), *((host, False) for host in OTHER)])
def test_this_host_is_local_and_others_are_not(host: str, local: bool) -> None:
    assert is_local(host) is local


def read(remote: str) -> Any:
    return addresses.make_fact(remote, "?remote")


OWN_NETWORK = [
    *("http://127.0.0.1:8099/a", "http://127.1:8099/a", "http://2130706433/a", "http://0x7f.1/a", "http://0/a"),
    *("http://[::1]:8099/a.git#main:sub", "http://[::ffff:127.0.0.1]/a", "http://[fe80::1%25eth0]/a"),
    *("http://localhost/a", "HTTP://LOCALHOST.:80/a", "https://user:secret@127.0.0.1/a", "http:///a"),
    *("https://example.com@127.0.0.1/a", "http://\uff11\uff12\uff17.0.0.1/a"),
    *("http://%EF%BC%91%EF%BC%92%EF%BC%97.0.0.1/a", "http://169.254.169.254/latest/meta-data"),
    *("http://metadata.google.internal/computeMetadata/v1/", "http://100.100.100.200/latest"),
    *("http://[fd20:ce::254]/a", "http://[fd00:c1::a9fe:a9fe]/opc/v2/instance/"),
    *("http://[fd00:ec2::254]/latest", "http://ip6-localhost/a", "http://ip6-loopback/a", "git://127.0.0.1/a"),
    *("git@127.0.0.1:a", "root@localhost:a.git", "git@[::1]:a", "ssh://root@127.0.0.1/a", "127.0.0.1/a"),
    *("127.0.0.1:8099/a", "//127.0.0.1/a", "http://a\u200e/a"),
    # Unicode 15 maps them, 3.2 does not: digits of a legacy computer, a variation selector; and what then is ACE.
    *("http://\U0001fbf1\U0001fbf2\U0001fbf7.0.0.1/a", "http://localhost\U000e0100/a"),
    *("http://localhost%F3%A0%84%80/a", "git@localhost\U000e0100:a.git", "http://xn--localhost-\xad/a"),
    "https://bücher.example/a.git",
]
OTHER_SERVERS = [
    *("https://github.com/docker/app.git#main:sub", "github.com/docker/app", "git@github.com:docker/app.git"),
    *("http://192.0.2.1/app.git", "http://10.0.0.8/app.git", "https://git.example.com:8443/127.0.0.1/a.git"),
    *("https://127.0.0.1@git.example.com/a.git", "https://xn--bcher-kva.example/a.git"),
    *("https://localhost.example.com/a", "ssh://git@git.example.com/a.git"),
]


@pytest.mark.parametrize(
    ("remote", "own"), [*((remote, True) for remote in OWN_NETWORK), *((remote, False) for remote in OTHER_SERVERS)]
)
def test_the_own_network_is_seen_in_every_spelling(remote: str, own: bool) -> None:
    assert read(remote)["ownNetwork"] is own


def test_the_address_is_without_user_password_and_path() -> None:
    assert read("//user@git.example.com/a")["address"] == "git.example.com"
    assert read("https://user:secret@Git.example.com:8443/a?token=b")["address"] == "https://Git.example.com:8443"
    assert read("git@github.com:docker/app.git")["address"] == "ssh://github.com"


def test_an_archive_is_imported_from_its_address() -> None:
    assert addresses.read_import({"fromSrc": ("http://127.0.0.1/a",)}) == [
        {"address": "http://127.0.0.1", "ownNetwork": True, "at": "?fromSrc"}
    ]


@pytest.mark.parametrize(
    "query",
    [{}, {"fromSrc": ("-",)}, {"fromSrc": ("",)}, {"fromImage": ("busybox",), "fromSrc": ("http://127.0.0.1/a",)}],
)
def test_pulls_and_archives_in_the_body_download_from_no_address(query: dict[str, tuple[str, ...]]) -> None:
    assert addresses.read_import(query) == []
