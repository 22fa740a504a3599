"""What the policy does about a rule of requests: enforced, weakened, reported, no effect, or not enforced.

An enforced rule is tried: the policy, exceptions included, judges the bad examples of Portero's built-in rule. A rule
that refuses none of them has no effect, whatever its level.
"""

from collections.abc import Collection, Iterator, Mapping
from typing import Literal, TypeAlias, cast

from portero.decide.judging.judge import Judge
from portero.decide.policy.dialect import list_keywords, reads_owners
from portero.decide.policy.rule import Rule
from portero.decide.policy.site import REFERENCE
from portero.decide.values.dataclass import dataclass
from portero.decide.values.json_fields import JSON
from portero.tools.proof.rule_examples import Examples

RequestState: TypeAlias = Literal["enforced", "weakened", "reported", "no effect", "not enforced"]

# An upper bound; all examples may stay below a large one.
_BOUND = "-max"
_IN_CALLERS = ("users", "groups", "methods")


@dataclass(frozen=True, slots=True)
class RuleEffect:
    """The state of a rule, explained in `notes`; how many of its bad examples the policy refuses."""

    state: RequestState
    notes: tuple[str, ...] = ()
    refused: int = 0
    tried: int = 0


@dataclass(frozen=True, slots=True)
class RuleEffects:
    """Tries rules. `builtin`: Portero's own rules, with their examples; `blind`: those that cannot see what they judge.

    `now`: in seconds since 1970, for exceptions that expire.
    """

    judge: Judge
    builtin: Mapping[str, Rule]
    examples: Examples
    blind: Collection[str]
    now: float

    def try_rule(self, id: str) -> RuleEffect:
        rule, policy, profile = self.judge.policy.rules[id], self.judge.policy, self.judge.enforcement.profile
        action = policy.action(id, profile)
        if action != "deny":
            state: RequestState = "reported" if action == "audit" else "not enforced"
            return RuleEffect(state, (self._explain_action(rule),))
        if self.judge.enforcement.mode == "audit" and not rule.denies_in_audit:
            return RuleEffect("reported", ("mode audit denies nothing",))
        if reads_owners(rule.schema) and not policy.site["ownership"]:
            return RuleEffect("no effect", ("ownership in site.json names no label",))
        return self._try_enforced(rule)

    def _try_enforced(self, rule: Rule) -> RuleEffect:
        refused, tried = self._try_examples(rule.id)
        waivers = [waiver for waiver in self.judge.policy.waivers if rule.id in waiver.rules]
        weak = ["dockerd is not asked what exists (PORTERO_LOOKUPS)"] if rule.id in self.blind else []
        weak += [
            f"exception {each.id} until {each.expires} ({each.owner}: {each.reason})"
            for each in waivers
            if each.find_state(self.now) != "expired"
        ]
        weak += self._list_profiles(rule.id)
        expired = (each for each in waivers if each.find_state(self.now) == "expired")
        notes = [f"exception {each.id} expired on {each.expires}" for each in expired]
        if rule.file != self.builtin[rule.id].file:
            allows = f", and allows {tried - refused} of its {tried} bad examples" if refused < tried else ""
            (weak if allows else notes).append(f"{rule.file} replaces Portero's rule{allows}")
        if tried and not refused:
            keys = self._list_site_keys(rule)
            bounds = [f"{key} ({self.judge.policy.site[key]})" for key in keys if key.endswith(_BOUND)]
            if not bounds:
                depends = f": it depends on {', '.join(keys)} in site.json" if keys else ""
                none = f"denies none of its {tried} bad examples{depends}"
                return RuleEffect("no effect", (none, *weak, *notes), refused, tried)
            notes.append(f"none of its {tried} bad examples goes beyond {', '.join(bounds)} in site.json")
        return RuleEffect("weakened" if weak else "enforced", (*weak, *notes), refused, tried)

    def _explain_action(self, rule: Rule) -> str:
        chosen = self.judge.policy.site_actions.get(rule.id)
        if chosen is not None:
            return f"actions in site.json: {chosen}"
        if rule.level == "advisory":
            return "the rule only reports; deny under actions in site.json enforces it"
        return f"it is of level {rule.level}, the profile is {self.judge.enforcement.profile}"

    def _list_site_keys(self, rule: Rule) -> list[str]:
        named = dict.fromkeys(
            cast(str, value).removeprefix(REFERENCE)
            for _, keyword, value in list_keywords(dict(rule.schema))
            if keyword == "$ref" and cast(str, value).startswith(REFERENCE)
        )
        return [name for name in named if name in self.judge.policy.site]

    def _try_examples(self, id: str) -> tuple[int, int]:
        """How many bad examples of a rule the policy refuses for it, of how many."""
        documents = [self.examples.make_document(example) for example in self.builtin[id].denies]
        if id in self.blind:
            documents = [document | {"objects": {}} for document in documents]
        return sum(self._refuses(id, document) for document in documents), len(documents)

    def _refuses(self, id: str, document: dict[str, JSON]) -> bool:
        policy = self.judge.policy
        violations = policy.check(document, self.judge.enforcement.profile, ("deny",))
        left = policy.waived([one for one in violations if one.rule == id], document, self.now)
        return any(one.action == "deny" for one in left)

    def _list_profiles(self, id: str) -> Iterator[str]:
        policy = self.judge.policy
        for entry in cast("list[dict[str, JSON]]", policy.site.get("profiles", [])):
            profile = cast(str, entry["profile"])
            if policy.action(id, profile) != "deny":
                names = "; ".join(
                    f"{kind} {', '.join(cast('list[str]', entry[kind]))}" for kind in _IN_CALLERS if kind in entry
                )
                yield f"profile {profile} for {names or 'all'} does not enforce it"
