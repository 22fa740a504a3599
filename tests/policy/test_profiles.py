"""The profile can depend on who asks: the first entry that matches counts."""

from typing import Any

import pytest

from portero.identity.caller import NOBODY, Identity
from portero.policy import profiles

SITE: Any = {
    "profiles": [
        {"groups": ["ops"], "methods": ["tls"], "profile": "baseline"},
        {"users": ["ci", "robot"], "profile": "hardened"},
        {"groups": ["dev", "qa"], "profile": "hardened"},
        {"methods": [""], "profile": "restricted"},
        {"methods": ["tls+token"], "profile": "baseline"},
    ]
}


@pytest.mark.parametrize(
    ("who", "profile"),
    [
        (Identity("alicia", ("ops",), "tls"), "baseline"),
        (Identity("alicia", ("ops",), "tls+token"), "baseline"),
        # The first entry asks for a certificate, and no other names ops.
        (Identity("alicia", ("ops",), "token"), "default"),
        (Identity("ci", (), "token"), "hardened"),
        (Identity("bob", ("x", "qa"), "token"), "hardened"),
        (Identity("bob", (), "tls+token"), "baseline"),
        (Identity("bob", (), "tls"), "default"),
        (NOBODY, "restricted"),
    ],
)
def test_the_first_entry_that_matches_in_every_list_counts(who: Identity, profile: str) -> None:
    assert profiles.choose(SITE, who, "default") == profile


def test_an_entry_without_lists_is_for_everybody() -> None:
    site: Any = {"profiles": [{"groups": ["ops"], "profile": "baseline"}, {"profile": "restricted"}]}

    assert profiles.choose(site, NOBODY, "hardened") == "restricted"


def test_without_the_value_the_default_counts() -> None:
    assert profiles.choose({}, Identity("alicia"), "hardened") == "hardened"


@pytest.mark.parametrize(
    ("profile", "other", "stricter"),
    [
        ("restricted", "baseline", True),
        ("hardened", "hardened", False),
        ("baseline", "hardened", False),
        ("", "baseline", False),
    ],
)
def test_a_profile_is_stricter_than_those_below_it(profile: str, other: str, stricter: bool) -> None:
    assert profiles.is_stricter(profile, other) is stricter
