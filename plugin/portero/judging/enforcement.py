"""What is enforced on a caller: profile and mode, and whether a token of an emergency lifts the rules."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, cast

from portero.identity.caller import NO_IDENTITY, TOKEN, Identity
from portero.policy import profiles
from portero.values.json_types import JSON

# A token that breaks glass lives an hour at most, in seconds.
_MAX_SECONDS = 3600


@dataclass(frozen=True, slots=True)
class Enforcement:
    """`profile` and `mode` as in the settings of the same name.

    `audit_profile`: what this stricter profile would refuse is reported; empty for none. `breaks_glass`: the caller may
    get past the rules.
    """

    profile: str
    mode: Literal["enforce", "audit"]
    audit_profile: str = ""
    breaks_glass: bool = False

    def for_caller(self, site: Mapping[str, JSON], who: Identity) -> "Enforcement":
        """The same for this user: the profile can depend on who asks, and break-glass lifts the rules."""
        if who is NO_IDENTITY and not site.get("profiles"):
            return self
        profile = profiles.choose_profile(site, who, self.profile)
        breaks_glass = self.mode == "enforce" and may_break_glass(site, who)
        if profile == self.profile and not breaks_glass:
            return self
        reported = self.audit_profile if profiles.is_stricter(self.audit_profile, profile) else ""
        return Enforcement(profile, "audit" if breaks_glass else self.mode, reported, breaks_glass)


def may_break_glass(site: Mapping[str, JSON], who: Identity) -> bool:
    """Whether the user has a short-lived token that names a group of the site value break-glass.

    A group that only the site's list or a certificate gives does not count: each short token would break glass.
    """
    groups = cast("list[str]", site.get("break-glass", []))
    if who.seconds is None or who.seconds > _MAX_SECONDS:
        return False
    return not who.list_groups_by(TOKEN).isdisjoint(groups)
