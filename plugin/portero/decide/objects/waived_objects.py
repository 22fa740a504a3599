"""Violations of existing objects that an exception waives: kept in `objects`, reported with the decision."""

from collections.abc import Iterator, Mapping, Sequence

from portero.decide.decision import Violation
from portero.decide.policy.rule import Rule
from portero.decide.values.json_fields import JSON, as_object, objects, text


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
