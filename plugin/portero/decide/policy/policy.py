"""The policy in force: rules, the site's values, exceptions, and the digest over what they were read from."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TypeAlias, cast

from portero.decide.decision import LEVELS, Violation
from portero.decide.engine import Check
from portero.decide.flags.try_keyword import Proposal
from portero.decide.identity.trusted import Trusted
from portero.decide.images.trust import ImageTrust
from portero.decide.policy.at import Failure, find_failure, follow, is_default
from portero.decide.policy.dialect import ANY_OPERATION, ANY_READ, reads_image, reads_vouching
from portero.decide.policy.exception import Waiver, waive
from portero.decide.policy.rule import ACTS, Acting, Action, Rule, find_action
from portero.decide.policy.wording import fill_reason, fill_wording
from portero.decide.reading.routes import Operation
from portero.decide.values.dataclass import dataclass, field, replace
from portero.decide.values.json_fields import JSON, child, objects, text


@dataclass(frozen=True, slots=True)
class Policy:
    """What requests are checked against. `checks` and `by_operation` are made from the rules when they are loaded."""

    rules: Mapping[str, Rule]
    site: Mapping[str, JSON]
    digest: str
    checks: Mapping[str, Check]
    by_operation: Mapping[str, tuple[str, ...]]
    waivers: tuple[Waiver, ...] = ()
    # The issuers whose tokens and certificates count.
    trusted: Trusted = field(default_factory=Trusted)
    # Who must vouch for images.
    images: ImageTrust = field(default_factory=ImageTrust)
    # Results of `acting`: one entry for each operation and profiles, which come from tables of Portero.
    _acting: dict[tuple[str, str, str], "_ActingRules"] = field(default_factory=dict, init=False, compare=False)

    @property
    def unknown_fields(self) -> Action:
        """What to do about names in a body that Docker does not know."""
        return cast(Action, self.site["unknown-fields"])

    @property
    def site_actions(self) -> Mapping[str, Action]:
        """The site's actions by rule."""
        return cast("dict[str, Action]", self.site["actions"])

    @property
    def protected_paths(self) -> tuple[str, ...]:
        """The places of the host that the site protects, from reading or from writing."""
        return *cast("list[str]", self.site["protected-paths"]), *cast("list[str]", self.site["protected-from-writing"])

    def action(self, rule: str, profile: str) -> Action:
        """What a violation of this rule does under a profile; the site's `actions` win."""
        chosen = self.site_actions.get(rule)
        return chosen if chosen is not None else find_action(self.rules[rule], profile)

    def report(self, rule: str) -> "Policy":
        """The same policy, in which this rule is reported instead of enforced."""
        if rule not in self.rules or self.site_actions.get(rule) == "off":
            return self
        return replace(self, site={**self.site, "actions": {**self.site_actions, rule: "audit"}})

    def proposal(self, rule: str) -> Proposal | None:
        """What a violated rule proposes; None where it, or the site, proposes nothing."""
        return self.rules[rule].proposal if rule in self.rules else None

    def check(
        self,
        request: JSON,
        profile: str,
        acts: Sequence[Acting] = ACTS,
        audit_profile: str = "",
        *,
        at_use: bool = False,
    ) -> tuple[Violation, ...]:
        """Every violation of a request document, worst level first, then by rule and place.

        `acts`: only those of rules that do this, and then without the words of a denial. `audit_profile`: what this
        profile would refuse is reported as well. `at_use`: only those that forbid the use of what exists.
        """
        acting = self._find_acting(cast("dict[str, str]", request)["operation"], profile, audit_profile)
        asked = acting.at_use if at_use else acting.asked
        failed = [(rule, action) for rule, action, is_valid in asked if action in acts and not is_valid(request)]
        defaults = follow(request, ("facts", "daemonDefaults")) if failed else None
        violations: list[Violation] = []
        for id, action in failed:
            rule, by = self.rules[id], acting.would_refuse.get(id, "")
            # Several failures at one place in the request are one violation.
            by_place: dict[tuple[str, bool], list[Failure]] = {}
            for path in self.checks[id].failures(request):
                failure = find_failure(request, path)
                by_place.setdefault((failure[0], is_default(defaults, failure)), []).append(failure)
            is_told = action == "deny" and acts is ACTS
            for (at, default), failures in sorted(by_place.items()) if len(by_place) > 1 else by_place.items():
                # Also where it fails at an existing object that violates one which protects.
                protects = rule.protects or (action == "deny" and any(fact.get("protected") for *_, fact in failures))
                reason = fill_reason(rule.reason, request, failures[0][1])
                paths = tuple([path for _, path, _, _ in failures])
                words = fill_wording(rule.wording, failures) if is_told else None
                # By position: by name it takes twice as long.
                found = Violation(
                    id, rule.level, at, action, reason, rule.remedy, default, by, paths, rule.escapes, protects, words
                )
                violations.append(found)
        return tuple(violations)

    def reads_image(self, operation: str, profile: str) -> bool:
        """Whether a rule that is enforced, or an exception for one, depends on the image as the daemon has it."""
        return self._find_acting(operation, profile).reads_image

    def acting_on_vouching(self, operation: str, profile: str) -> Acting | None:
        """What rules do that speak of who vouches for images; None: none does anything, or the site asks nothing."""
        return self._find_acting(operation, profile).on_vouching if self.images.asks else None

    def asked(self, operation: str, profile: str, audit_profile: str) -> "_Asked":
        """The rules that `check` asks, in the order of their violations: what each does, and what says if it holds."""
        return self._find_acting(operation, profile, audit_profile).asked

    def _find_acting(self, operation: str, profile: str, audit_profile: str = "") -> "_ActingRules":
        if operation not in self.by_operation:
            return _NONE
        acting = self._acting.get((operation, profile, audit_profile))
        if acting is None:
            chosen = {rule: self.action(rule, profile) for rule in self.by_operation[operation]}
            stricter = {
                rule: audit_profile
                for rule, action in chosen.items()
                if audit_profile and action != "deny" and self.action(rule, audit_profile) == "deny"
            }
            chosen |= dict.fromkeys(stricter, "audit")
            enforced = [rule for rule, action in chosen.items() if action == "deny"]
            actions: dict[str, Acting] = {rule: action for rule, action in chosen.items() if action != "off"}
            speaking = [actions[rule] for rule in actions if reads_vouching(self.rules[rule].schema)]
            on_vouching: Acting | None = "deny" if "deny" in speaking else "audit" if speaking else None
            asked = [(rule, action, self.checks[rule].is_satisfied) for rule, action in actions.items()]
            at_use = [one for one in asked if self.rules[one[0]].at_use]
            read_image = any(reads_image(self.rules[rule].schema, self.site) for rule in enforced) or any(
                waiver.reads_image for waiver in self.waivers if not {*enforced}.isdisjoint(waiver.rules)
            )
            acting = _ActingRules(asked, at_use, stricter, read_image, on_vouching)
            self._acting[operation, profile, audit_profile] = acting
        return acting

    def waived(self, violations: Sequence[Violation], request: dict[str, JSON], time: float) -> tuple[Violation, ...]:
        """The violations of a request at a time, those that an exception covers as waived by it.

        With what existing objects violate that is waived: once for each object, rule and exception.
        """
        rules = {violation.rule for violation in violations}
        about = [waiver for waiver in self.waivers if not rules.isdisjoint(waiver.rules)]
        left = waive(about, violations, request, time) if about else tuple(violations)
        return *left, *self._report_waived(child(request, "objects"))

    def _report_waived(self, groups: Mapping[str, JSON]) -> Iterator[Violation]:
        named = [one for group in groups.values() if isinstance(group, list) for one in group if isinstance(one, dict)]
        waived = ((text(one, "at"), each) for one in named for each in objects(one, "waived"))
        for at, id, exception in dict.fromkeys((at, text(one, "rule"), text(one, "exception")) for at, one in waived):
            if (rule := self.rules.get(id)) is not None:
                yield Violation(id, rule.level, at, "waived", rule.reason, rule.remedy, exception=exception)


_Asked: TypeAlias = Sequence[tuple[str, Acting, Callable[[JSON], bool]]]


@dataclass(frozen=True, slots=True)
class _ActingRules:
    """The rules of one operation. `would_refuse`: the audit profile, for each rule that only it enforces.

    `asked`, and of these `at_use`: what each does, and what a document is handed to.
    """

    asked: _Asked
    at_use: _Asked
    would_refuse: Mapping[str, str]
    reads_image: bool = False
    on_vouching: Acting | None = None


_NONE = _ActingRules((), (), {})


def group_by_operation(rules: Mapping[str, Rule], operations: tuple[Operation, ...]) -> dict[str, tuple[str, ...]]:
    """The ids of the rules that judge each operation, in the order of their violations."""
    ranks: defaultdict[str, set[tuple[int, str]]] = defaultdict(set)
    for rule in rules.values():
        for name in rule.operations:
            ranks[name].add((LEVELS.index(rule.level), rule.id))
    return {one.id: tuple(id for _, id in sorted(ranks[one.id] | ranks[_any_that_is(one)])) for one in operations}


def judges(rule: Rule, operation: Operation) -> bool:
    return operation.id in rule.operations or _any_that_is(operation) in rule.operations


def _any_that_is(operation: Operation) -> str:
    return ANY_READ if operation.reads else ANY_OPERATION
