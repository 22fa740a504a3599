"""Addresses that a server names: what they mean, and where none may lead."""

import pytest

from portero.tools.registries.urls import UrlRefused, parse_url

HOME = parse_url("https://Registry.example.com:443/v2/policy")


@pytest.mark.parametrize(
    ("text", "server", "target"),
    [
        ("https://a.example.com", "a.example.com", "/"),
        ("https://a.example.com?x=1#y", "a.example.com", "/?x=1"),
        ("https://A.example.com:8443/a%20b?c", "a.example.com:8443", "/a%20b?c"),
        ("http://[::1]:80/x", "[::1]", "/x"),
    ],
)
def test_an_address_is_read(text: str, server: str, target: str) -> None:
    found = parse_url(text)

    assert (found.server, found.target) == (server, target)
    assert parse_url(found.text) == found


@pytest.mark.parametrize(
    "text",
    [
        *("", "/x", "//host/x", "https:host", "https://", "https:///x", "ftp://host/", "HTTPS://host/"),
        *("https://user:pw@host/", "https://host:0/", "https://host:65536/", "https://host:/", "https://[::1/"),
        *("https://host\\@127.0.0.1/", "https://hôst/", "https://host/ x", "https://host/\r\nX: y", "https://host/é"),
        "https://host/" + "x" * 8192,
    ],
)
def test_what_is_no_plain_address_is_refused_in_one_short_line(text: str) -> None:
    with pytest.raises(UrlRefused, match=r"^names an invalid address") as refused:
        parse_url(text)

    assert str(refused.value).isprintable()
    assert len(str(refused.value)) < 300


@pytest.mark.parametrize("location", ["//[", "http://[::1", "https://a]b/", "https://\u2100.example.com/", "x" * 9000])
def test_a_location_that_cannot_be_joined_is_refused(location: str) -> None:
    with pytest.raises(UrlRefused, match="names an invalid address"):
        HOME.join(location)


def test_a_location_is_meant_from_where_it_was_said() -> None:
    assert HOME.join("blobs/uploads/").text == "https://registry.example.com/v2/blobs/uploads/"
    assert HOME.join("/x?y").text == "https://registry.example.com/x?y"
    assert HOME.join("//cdn.example.com/x").server == "cdn.example.com"


def test_an_exchange_stays_on_its_host_or_goes_where_the_site_lets_it() -> None:
    HOME.check_step(parse_url("https://registry.example.com/token"), ())
    HOME.check_step(parse_url("https://cdn.example.com:8443/x"), ("cdn.example.com:8443",))
    for text in ("https://registry.example.com:8443/", "https://cdn.example.com/", "https://127.0.0.1:8443/"):
        with pytest.raises(UrlRefused, match="which PORTERO_BUNDLE_HOSTS does not list"):
            HOME.check_step(parse_url(text), ("cdn.example.com:8443",))


def test_where_no_other_server_can_be_listed_no_setting_is_named() -> None:
    HOME.check_step(parse_url("https://registry.example.com/token"), None)
    with pytest.raises(UrlRefused, match=r"^leads to cdn\.example\.com, another server$"):
        HOME.check_step(parse_url("https://cdn.example.com/"), None)


def test_without_tls_only_this_machine_is_asked_and_never_after_tls() -> None:
    local = parse_url("http://127.0.0.1:5000/")
    local.check_step(parse_url("http://127.0.0.1:5000/x"), ())
    for home, text in (
        (local, "http://cdn.example.com/"),
        (HOME, "http://127.0.0.1:5000/"),
        (HOME, "http://registry.example.com/"),
    ):
        with pytest.raises(UrlRefused, match="leads away from TLS"):
            home.check_step(parse_url(text), ("cdn.example.com", "127.0.0.1:5000", "registry.example.com"))
