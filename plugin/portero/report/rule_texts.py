"""The texts of a rule or a refusal code in the current policy."""

from collections.abc import Mapping
from dataclasses import dataclass

from portero.policy.policy import Policy
from portero.refusals import CODES


@dataclass(frozen=True, slots=True)
class RuleTexts:
    """Title, reason and remedies of one rule or code."""

    title: str
    reason: str
    remedy: Mapping[str, str]
    sources: tuple[str, ...] = ()


def find_texts(name: str, policy: Policy) -> RuleTexts | None:
    """None where the policy no longer has the rule."""
    rule = policy.rules.get(name)
    if rule is not None:
        return RuleTexts(rule.title, rule.reason, rule.remedy, rule.sources)
    code = CODES.get(name)
    return None if code is None else RuleTexts(code.title, code.reason, {"docker": code.remedy})
