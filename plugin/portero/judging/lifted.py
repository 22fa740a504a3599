"""What refuses nothing: violations in mode audit, and those that a break-glass token lifts for one request."""

from collections.abc import Mapping
from dataclasses import replace
from typing import cast

from portero.decision import Violation
from portero.identity.caller import Identity
from portero.policy.rule import Rule
from portero.types import JSON

# A token that breaks glass lives an hour at most, in seconds.
_LONGEST = 3600


def may_break_glass(site: Mapping[str, JSON], who: Identity) -> bool:
    """Whether the user has a short-lived token that names a group of the site value break-glass.

    A group that only the site's list gives does not count: each short token of the user would break glass.
    """
    groups = cast("list[str]", site.get("break-glass", []))
    if who.seconds is None or who.seconds > _LONGEST:
        return False
    return not {*groups}.isdisjoint({*who.groups} - {*who.listed})


def lift(
    violations: tuple[Violation, ...], rules: Mapping[str, Rule], profile: str, *, only_rules: bool
) -> tuple[Violation, ...]:
    """The violations, reported instead of refused, except for rules that refuse in mode audit too.

    `only_rules`: refusal codes go on refusing. `profile`: the one that would refuse the request.
    """
    return tuple(
        replace(violation, action="audit", profile=profile)
        if violation.action == "deny" and _may_lift(rules.get(violation.rule), only_rules=only_rules)
        else violation
        for violation in violations
    )


def _may_lift(rule: Rule | None, *, only_rules: bool) -> bool:
    return not only_rules if rule is None else not rule.denies_in_audit
