"""What people are told of a rule or a refusal code: its own words, as they are in the policy that is read now."""

from collections.abc import Mapping
from dataclasses import dataclass

from portero.policy.policy import Policy
from portero.refusals import CODES


@dataclass(frozen=True, slots=True)
class Words:
    """Title, reason and remedies of one rule or code."""

    title: str
    reason: str
    remedy: Mapping[str, str]
    sources: tuple[str, ...] = ()


def words(name: str, policy: Policy) -> Words | None:
    """None where the policy has no such rule: it had when the log was written."""
    rule = policy.rules.get(name)
    if rule is not None:
        return Words(rule.title, rule.reason, rule.remedy, rule.sources)
    code = CODES.get(name)
    return None if code is None else Words(code.title, code.reason, {"docker": code.remedy})
