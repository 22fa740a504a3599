"""Violations that refuse nothing: in mode audit, and where a break-glass token lifts them for one request."""

from collections.abc import Mapping
from dataclasses import replace

from portero.decision import Violation
from portero.judging.enforcement import Enforcement
from portero.policy.rule import Rule


def lift(
    violations: tuple[Violation, ...], rules: Mapping[str, Rule], enforcement: Enforcement
) -> tuple[Violation, ...]:
    """The violations, in mode audit reported instead of refused, except for rules that refuse there too.

    A break-glass token lifts no refusal code.
    """
    if enforcement.mode == "enforce":
        return violations
    return tuple(
        replace(violation, action="audit", profile=enforcement.profile)
        if violation.action == "deny" and _may_lift(rules.get(violation.rule), only_rules=enforcement.breaks_glass)
        else violation
        for violation in violations
    )


def _may_lift(rule: Rule | None, *, only_rules: bool) -> bool:
    return not only_rules if rule is None else not rule.denies_in_audit
