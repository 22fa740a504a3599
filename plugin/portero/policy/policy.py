"""The policy in force: rules, the site's values, exceptions, and the digest over what they were read from."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, cast

from portero.decision import LEVELS, Violation
from portero.engine import Check
from portero.operation import Operation
from portero.policy.dialect import ANY_OPERATION, PROFILES
from portero.policy.exception import Waiver, waived
from portero.policy.place import is_default, place
from portero.policy.rule import Rule
from portero.types import JSON

Action = Literal["deny", "audit", "off"]


@dataclass(frozen=True, slots=True)
class Policy:
    """What requests are checked against. `checks` and `by_operation` are made from the rules when they are loaded."""

    rules: Mapping[str, Rule]
    site: Mapping[str, JSON]
    digest: str
    checks: Mapping[str, Check]
    by_operation: Mapping[str, tuple[str, ...]]
    waivers: tuple[Waiver, ...] = ()

    @property
    def unknown_fields(self) -> Action:
        """What to do about names in a body that Docker does not know."""
        return cast(Action, self.site["unknown-fields"])

    def action(self, rule: str, profile: str) -> Action:
        """What breaking this rule does under a profile; the site's own word comes first."""
        chosen = cast(dict[str, Action], self.site["actions"]).get(rule)
        return chosen if chosen is not None else _action(self.rules[rule], profile)

    def check(self, request: JSON, profile: str) -> tuple[Violation, ...]:
        """Every violation of a request document, worst level first, then by rule and place."""
        operation = cast(dict[str, str], request)["operation"]
        return tuple(
            violation
            for rule in self.by_operation.get(operation, ())
            for violation in self._violations(self.rules[rule], request, profile)
        )

    def waived(self, violations: Sequence[Violation], request: JSON, time: float) -> tuple[Violation, ...]:
        """The violations of a request at a time, those that an exception covers as waived by it."""
        return waived(self.waivers, violations, request, time)

    def _violations(self, rule: Rule, request: JSON, profile: str) -> Iterator[Violation]:
        action = self.action(rule.id, profile)
        if action == "off":
            return
        failures = self.checks[rule.id].failures(request)
        # Several failures at one place are one violation to a person.
        for where, default in sorted({(place(request, path), is_default(request, path)) for path in failures}):
            yield Violation(rule.id, rule.level, where, action, rule.reason, rule.remedy, default)


def by_operation(rules: Mapping[str, Rule], operations: tuple[Operation, ...]) -> dict[str, tuple[str, ...]]:
    """The ids of the rules that judge each operation, in the order of their violations."""
    ranked = sorted(rules.values(), key=lambda rule: (LEVELS.index(rule.level), rule.id))
    return {operation.id: tuple(rule.id for rule in ranked if judges(rule, operation)) for operation in operations}


def judges(rule: Rule, operation: Operation) -> bool:
    """Whether a rule has a say in this operation."""
    return operation.id in rule.operations or (ANY_OPERATION in rule.operations and not operation.reads)


def _action(rule: Rule, profile: str) -> Action:
    if rule.level == "advisory":
        return "audit"
    rank = PROFILES.index(profile)
    if PROFILES.index(rule.level) <= rank:
        return "deny"
    reported = rule.reports is not None and PROFILES.index(rule.reports) <= rank
    return "audit" if reported else "off"
