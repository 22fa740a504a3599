"""Values of settings that need a look of their own; the rest: test_settings.py."""

from pathlib import Path

import pytest

from portero.settings import setting_values as value


def test_a_bundle_is_an_address_or_nothing() -> None:
    assert value.bundle("") == ""
    assert value.bundle("oci://registry.example.com/policy:prod") == "oci://registry.example.com/policy:prod"
    with pytest.raises(ValueError, match="write oci://"):
        value.bundle("policy:prod")


def test_an_optional_path_is_absolute_or_nothing() -> None:
    assert value.optional("") is None
    assert value.optional("/etc/ca.pem") == Path("/etc/ca.pem")
    with pytest.raises(ValueError, match="write an absolute path"):
        value.optional("ca.pem")


def test_servers_are_told_apart_as_they_are_asked() -> None:
    assert value.servers("") == ()
    assert value.servers("Auth.example.com:443,cdn.example.com:8443,[::1]:5000") == (
        *("auth.example.com", "cdn.example.com:8443"),
        "[::1]:5000",
    )
    for text in ("https://auth.example.com", "a b", "a,,b", "*"):
        with pytest.raises(ValueError, match="write names of servers"):
            value.servers(text)
