"""What is enforced on a caller: the profile of the first entry that matches, and only reports under break-glass.

What refuses nothing: lifted in mode audit and by a break-glass token, waived of existing objects.
"""

from dataclasses import replace
from typing import Any

import pytest

from portero.decide.decision import Violation, make_refusal
from portero.decide.identity.caller import NO_IDENTITY, Identity
from portero.decide.judging.enforcement import Enforcement, lift_violations, may_break_glass
from tests.decide.judging.test_proposal import shipped

SITE: Any = {"break-glass": ["emergency"]}
BY_GROUP: Any = {"profiles": [{"groups": ["ops"], "profile": "baseline"}, {"methods": [""], "profile": "restricted"}]}
DEFAULT = Enforcement("hardened", "enforce", "restricted")


@pytest.mark.parametrize(
    ("groups", "seconds", "may"),
    [
        *((("emergency",), 3600.0, True), (("ops", "emergency"), 60.0, True), (("emergency",), 3601.0, False)),
        *((("emergency",), None, False), (("ops",), 60.0, False), ((), 60.0, False)),
    ],
    ids=["an-hour", "one-of-groups", "longer", "certificate", "other-group", "no-group"],
)
def test_only_a_short_lived_token_of_a_listed_group_breaks_glass(
    groups: tuple[str, ...], seconds: float | None, may: bool
) -> None:
    assert may_break_glass(SITE, Identity("alicia", groups, "token", (), seconds)) is may
    assert not may_break_glass({"break-glass": []}, Identity("alicia", groups, "token", (), seconds))


@pytest.mark.parametrize(
    ("who", "profile", "audit_profile"),
    [
        (Identity("alicia", ("ops",), "token"), "baseline", "restricted"),
        (Identity("bob", ("dev",), "token"), "hardened", "restricted"),
        (NO_IDENTITY, "restricted", ""),
    ],
    ids=["listed", "not listed", "unknown"],
)
def test_the_profile_depends_on_who_asks(who: Identity, profile: str, audit_profile: str) -> None:
    assert DEFAULT.for_caller(BY_GROUP, who) == Enforcement(profile, "enforce", audit_profile)


def test_without_profiles_by_user_all_are_alike() -> None:
    assert DEFAULT.for_caller({"profiles": []}, NO_IDENTITY) is DEFAULT
    assert DEFAULT.for_caller({"profiles": []}, Identity("alicia", ("ops",), "token")) is DEFAULT


def test_break_glass_only_reports() -> None:
    emergency = Identity("alicia", ("emergency",), "token", (), 60.0)

    assert DEFAULT.for_caller(SITE, emergency) == Enforcement("hardened", "audit", "restricted", breaks_glass=True)
    reporting = Enforcement("hardened", "audit")
    assert reporting.for_caller(SITE, emergency) is reporting


PRIVILEGED = Violation("no-privileged", "baseline", "", "deny", "", {})
PLUGINS = Violation("no-plugin-changes", "baseline", "", "deny", "", {}, protects=True)
CODE = make_refusal("body-undecodable", "")
BROKEN_GLASS = Enforcement("hardened", "audit", breaks_glass=True)
DENIED = Violation("no-privileged", "baseline", "HostConfig.Privileged", "deny", "reason", {"docker": "drop it"})
WAIVED = replace(DENIED, action="waived", exception="admins")


@pytest.mark.parametrize(
    ("enforcement", "actions"),
    [
        pytest.param(
            BROKEN_GLASS, ["audit", "deny", "deny", "waived"], id="rules by break-glass, but no self-protection"
        ),
        pytest.param(
            Enforcement("hardened", "audit"), ["audit", "deny", "audit", "waived"], id="codes by mode audit too"
        ),
        pytest.param(Enforcement("hardened", "enforce"), ["deny", "deny", "deny", "waived"], id="nothing otherwise"),
    ],
)
def test_there_are_lifted(enforcement: Enforcement, actions: list[str]) -> None:
    lifted = lift_violations((PRIVILEGED, PLUGINS, CODE, WAIVED), shipped().rules, enforcement)

    assert [violation.action for violation in lifted] == actions
    assert lifted[0].profile == ("" if actions[0] == "deny" else "hardened")
    assert lifted[-1] == WAIVED
