"""Hosts in addresses, in every spelling that dockerd dials."""

from ipaddress import ip_address

import pytest

from portero.facts.addresses import find_ip, is_local, read_host


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


@pytest.mark.parametrize(
    "host",
    [
        "",
        "localhost",
        "LOCALHOST".lower() + ".",
        "a.localhost",
        "0",
        "::",
        "127.9.9.9",
        "LocalHost",
        "localhost\U000e0100",
        "\uff11",
        "%E2%93%9B",
    ],
)
def test_this_host_is_local(host: str) -> None:
    assert is_local(host)


@pytest.mark.parametrize("host", ["192.0.2.1", "10.0.0.1", "localhost.example.com", "2001:db8::1"])
def test_other_hosts_are_not(host: str) -> None:
    assert not is_local(host)
