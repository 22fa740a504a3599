"""What a violated rule does under a profile, unless the site says otherwise: deny, audit or off."""

from typing import Literal

from portero.policy.dialect import PROFILES
from portero.policy.rule import Rule

Action = Literal["deny", "audit", "off"]
Acting = Literal["deny", "audit"]
ACTS: tuple[Acting, ...] = ("deny", "audit")


def action_of(rule: Rule, profile: str) -> Action:
    """The action of a rule by its level: enforced up to the profile's, reported where the rule says so."""
    if rule.level == "advisory":
        return "audit"
    rank = PROFILES.index(profile)
    if PROFILES.index(rule.level) <= rank:
        return "deny"
    reported = rule.reports is not None and PROFILES.index(rule.reports) <= rank
    return "audit" if reported else "off"
