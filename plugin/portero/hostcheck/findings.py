"""Checks the host document: which rules are violated, which are unknown, and which do not apply."""

import json
from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field
from typing import cast

from portero.decision import LEVELS
from portero.engine import InstancePath
from portero.hostcheck.fact import UNKNOWN
from portero.hostcheck.host_rules import HostPolicy, Status
from portero.policy.at import spell_at
from portero.policy.profiles import Action
from portero.policy.rule import Rule
from portero.values.json_types import JSON

_MAX_VALUE_LENGTH = 80
_UNKNOWN = json.dumps(UNKNOWN)


@dataclass(frozen=True, slots=True)
class Finding:
    """A rule that does not hold; `at`: where `value` was read, which is JSON, empty for objects and long values."""

    rule: Rule
    status: Status
    action: Action
    at: str
    value: str


@dataclass(frozen=True, slots=True)
class HostReport:
    """The result for one host, without the rules that the profile or the site turns off; rule IDs in the lists.

    `waiting`: rules that say nothing while another is violated, and which.
    """

    findings: tuple[Finding, ...]
    held: tuple[str, ...]
    not_applicable: tuple[str, ...]
    waiting: Mapping[str, str] = field(default_factory=dict)

    @property
    def clean(self) -> bool:
        """Whether every rule that the profile enforces is known to hold."""
        return not any(finding.action == "deny" for finding in self.findings)


def check(policy: HostPolicy, document: dict[str, JSON], profile: str) -> HostReport:
    """Checks every rule that the profile enforces or reports; findings come worst level first."""
    findings: list[Finding] = []
    held, not_applicable = [], []
    facts = cast(dict[str, dict[str, dict[str, JSON]]], document)
    without_docker = facts["daemon"]["installed"]["value"] is False
    for rule in sorted(policy.rules.rules.values(), key=lambda rule: (LEVELS.index(rule.level), rule.id)):
        action = policy.rules.action(rule.id, profile)
        if action == "off":
            continue
        if policy.about[rule.id] == "daemon" and without_docker:
            not_applicable.append(rule.id)
            continue
        failed = [*_list_findings(policy, rule, action, document)]
        findings += failed
        if not failed:
            held.append(rule.id)
    waiting = _find_waiting(policy, findings, {*held, *(finding.rule.id for finding in findings)}, profile)
    findings = [finding for finding in findings if finding.rule.id not in waiting]
    return HostReport(
        tuple(sorted(findings, key=lambda finding: finding.action != "deny")),
        tuple(id for id in held if id not in waiting),
        tuple(not_applicable),
        waiting,
    )


def _find_waiting(policy: HostPolicy, findings: Sequence[Finding], checked: Set[str], profile: str) -> dict[str, str]:
    """Rules that need a violated one; never one that is enforced for one that is only reported."""
    violated = {finding.rule.id: finding.action for finding in findings if finding.status == "violated"}
    return {
        id: needed
        for id, needed in policy.needs.items()
        if needed in violated
        and id in checked
        and (violated[needed] == "deny" or policy.rules.action(id, profile) != "deny")
    }


def _list_findings(policy: HostPolicy, rule: Rule, action: Action, document: dict[str, JSON]) -> Iterator[Finding]:
    outcome = policy.outcome(rule.id, document)
    if outcome is None:
        return
    status, failures = outcome
    # spell_at looks only below facts. Several failures of one value are one finding.
    places = ((spell_at({"facts": document}, ("facts", *path)), _read_value(document, path)) for path in failures)
    for at, value in dict.fromkeys(places):
        yield Finding(rule, "unknown" if value == _UNKNOWN else status, action, at, value)


def _read_value(document: JSON, path: InstancePath) -> str:
    """The value where the rule failed."""
    for step in path:
        document = cast(dict[str, JSON], document)[step] if isinstance(step, str) else cast(list[JSON], document)[step]
    text = json.dumps(document)
    return "" if isinstance(document, dict) or len(text) > _MAX_VALUE_LENGTH else text
