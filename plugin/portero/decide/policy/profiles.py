"""Which profile counts for whom, and what a violated rule does under a profile: deny, audit or off."""

from collections.abc import Mapping, Sequence
from typing import Literal, cast

from portero.decide.decision import LEVELS
from portero.decide.identity.caller import METHODS, SITE, Identity
from portero.decide.policy.dialect import PROFILES
from portero.decide.policy.rule import Rule
from portero.decide.values.json_fields import JSON

Action = Literal["deny", "audit", "off"]
Acting = Literal["deny", "audit"]
ACTS: tuple[Acting, ...] = ("deny", "audit")


def choose_profile(site: Mapping[str, JSON], identity: Identity, default: str) -> str:
    """The profile for this user; `default` where no entry matches."""
    entries = cast("Sequence[Mapping[str, JSON]]", site.get("profiles", ()))
    return next((str(entry["profile"]) for entry in entries if _matches(entry, identity)), default)


def is_stricter(profile: str, other: str) -> bool:
    """Whether a profile refuses more than another one; none, the empty text, does not."""
    return profile != "" and LEVELS.index(profile) > LEVELS.index(other)


def _matches(entry: Mapping[str, JSON], identity: Identity) -> bool:
    """Whether every list of the entry names the user, one of the groups, the method; by these methods, a group."""
    groups = identity.list_groups_by(SITE, *cast("list[str]", entry.get("methods", METHODS)))
    of_caller = {"users": (identity.user,), "groups": groups, "methods": identity.methods}
    return all(
        not {*cast("list[str]", entry[kind])}.isdisjoint(names) for kind, names in of_caller.items() if kind in entry
    )


def find_action(rule: Rule, profile: str) -> Action:
    """The action of a rule by its level: enforced up to the profile's, reported where the rule has `reports`."""
    if rule.level == "advisory":
        return "audit"
    rank = PROFILES.index(profile)
    if PROFILES.index(rule.level) <= rank:
        return "deny"
    reported = rule.reports is not None and PROFILES.index(rule.reports) <= rank
    return "audit" if reported else "off"
