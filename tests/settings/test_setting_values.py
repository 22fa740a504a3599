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
