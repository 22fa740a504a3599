"""What refuses nothing: violations in mode audit and under a break-glass token, and those of objects that are waived.

The waived ones are kept in `objects` of the request document and reported with the decision.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace

from portero.decision import Violation
from portero.judging.enforcement import Enforcement
from portero.policy.rule import Rule
from portero.reading.envelope import Envelope
from portero.reading.routes import Routes
from portero.reading.uri import parse_target
from portero.refusals import Refused
from portero.values.json_fields import as_object, objects, text
from portero.values.json_types import JSON


def lift_violations(
    violations: tuple[Violation, ...], rules: Mapping[str, Rule], enforcement: Enforcement, operation: str = ""
) -> tuple[Violation, ...]:
    """The violations, in mode audit reported instead of refused, except for rules that refuse there too.

    A break-glass token lifts no refusal code, and no self-protection. `operation`: where such a rule refuses all of
    it, mode audit lifts no refusal code either: the rule never saw the request.
    """
    if enforcement.mode == "enforce":
        return violations

    is_refused_in_audit = any(
        rule.denies_in_audit and operation in rule.operations and rule.schema.get("properties") == {"operation": False}
        for rule in rules.values()
    )

    def may_lift(violation: Violation) -> bool:
        rule = rules.get(violation.rule)
        if enforcement.breaks_glass:
            return rule is not None and not violation.protects
        return not is_refused_in_audit if rule is None else not rule.denies_in_audit

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


def make_waived_facts(violations: Sequence[Violation]) -> list[JSON]:
    """`waived` of one object, from all that it violates."""
    waived = [violation for violation in violations if violation.action == "waived"]
    return [{"rule": one.rule, "field": one.at, "exception": one.exception} for one in waived]


def report_waived(used: JSON, rules: Mapping[str, Rule]) -> Iterator[Violation]:
    """One waived violation for each object, rule and exception; `at` is where the request names the object."""
    groups = as_object(used, "objects")
    named = [one for group in groups.values() if isinstance(group, list) for one in group if isinstance(one, dict)]
    waived = (
        (text(one, "at"), text(each, "rule"), text(each, "exception"))
        for one in named
        for each in objects(one, "waived")
    )
    for at, id, exception in dict.fromkeys(waived):
        if (rule := rules.get(id)) is not None:
            yield Violation(id, rule.level, at, "waived", rule.reason, rule.remedy, exception=exception)
