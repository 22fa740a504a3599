"""What is enforced on a caller, and what refuses nothing: profile, mode, and a token of an emergency; waived objects.

The waived ones are kept in `objects` of the request document and reported with the decision.
"""

from collections.abc import Mapping
from contextlib import suppress
from typing import Literal, cast

from portero.decide.decision import Violation
from portero.decide.identity.caller import NO_IDENTITY, TOKEN, Identity
from portero.decide.policy.rule import Rule, choose_profile, is_stricter
from portero.decide.reading.envelope import Envelope
from portero.decide.reading.routes import Routes
from portero.decide.reading.uri import parse_target
from portero.decide.values.dataclass import dataclass, replace
from portero.decide.values.json_fields import JSON
from portero.decide.values.refusals import Refused

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
        profile = choose_profile(site, who, self.profile)
        breaks_glass = self.mode == "enforce" and may_break_glass(site, who)
        if profile == self.profile and not breaks_glass:
            return self
        reported = self.audit_profile if is_stricter(self.audit_profile, profile) else ""
        return Enforcement(profile, "audit" if breaks_glass else self.mode, reported, breaks_glass)


def may_break_glass(site: Mapping[str, JSON], who: Identity) -> bool:
    """Whether the user has a short-lived token that names a group of the site value break-glass.

    A group that only the site's list or a certificate gives does not count: each short token would break glass.
    """
    groups = cast("list[str]", site.get("break-glass", []))
    if who.seconds is None or who.seconds > _MAX_SECONDS:
        return False
    return not who.list_groups_by(TOKEN).isdisjoint(groups)


def lift_violations(
    violations: tuple[Violation, ...],
    rules: Mapping[str, Rule],
    enforcement: Enforcement,
    operation: str = "",
    *,
    of_other_plugin: bool = False,
) -> tuple[Violation, ...]:
    """The violations, in mode audit reported instead of refused, except for rules that refuse there too.

    A break-glass token lifts no refusal code, and no self-protection. `operation`: where such a rule refuses all of
    it, mode audit lifts no refusal code either: the rule never saw the request. `of_other_plugin`: what it refuses is
    a change of a plugin that has nothing to do with Portero, and is lifted.
    """
    if enforcement.mode == "enforce":
        return violations

    strict = [rule for rule in rules.values() if rule.denies_in_audit and operation in rule.operations]
    outright = {rule.id for rule in strict if rule.schema.get("properties") == {"operation": False}}
    is_refused_in_audit = bool(outright) and not of_other_plugin

    def may_lift(violation: Violation) -> bool:
        rule = rules.get(violation.rule)
        if enforcement.breaks_glass:
            return rule is not None and not violation.protects
        if rule is None or (of_other_plugin and rule.id in outright):
            return not is_refused_in_audit
        return not rule.denies_in_audit

    return tuple(
        replace(one, action="audit", profile=enforcement.profile) if one.action == "deny" and may_lift(one) else one
        for one in violations
    )


def find_operation(routes: Routes, envelope: Envelope | None) -> str:
    """The operation of a request whose query could not be read, by its path; empty where there is none."""
    with suppress(Refused):
        if envelope is not None:
            return routes.match(envelope.method, parse_target(envelope.uri.partition("?")[0]).path).operation.id
    return ""
