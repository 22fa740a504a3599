"""Which profile counts for whom: the first entry of the site value `profiles` that matches who asks."""

from collections.abc import Mapping, Sequence
from typing import cast

from portero.decision import LEVELS
from portero.identity.caller import Identity
from portero.types import JSON


def choose(site: Mapping[str, JSON], identity: Identity, default: str) -> str:
    """The profile for this user; `default` where no entry matches."""
    entries = cast("Sequence[Mapping[str, JSON]]", site.get("profiles", ()))
    return next((str(entry["profile"]) for entry in entries if _matches(entry, identity)), default)


def is_stricter(profile: str, other: str) -> bool:
    """Whether a profile refuses more than another one; none, the empty text, does not."""
    return profile != "" and LEVELS.index(profile) > LEVELS.index(other)


def _matches(entry: Mapping[str, JSON], identity: Identity) -> bool:
    """Whether every list of the entry names the user, one of the groups, the method."""
    of_caller = {"users": (identity.user,), "groups": identity.groups, "methods": identity.methods}
    return all(
        not {*cast("list[str]", entry[kind])}.isdisjoint(names) for kind, names in of_caller.items() if kind in entry
    )
