"""Results for the formats to show."""

from collections.abc import Callable
from pathlib import PurePath

import pytest

from portero.hostcheck.findings import Finding, HostReport
from portero.hostcheck.host_rules import Status
from portero.policy.profiles import Action
from portero.policy.rule import Level, Rule
from portero.report.host_result import HostResult

Found = Callable[..., Finding]


def rule(id: str, level: Level = "hardened") -> Rule:
    return Rule.of(
        PurePath(f"schemas/host/kernel/{id}.json"),
        {
            "title": f"{id} holds",
            "reason": "It matters.",
            "remedy": {"host": "change it"},
            "level": level,
            "threats": ["host-compromise"],
            "sources": ["G1"],
            "operations": ["Host"],
            "allows": {},
            "denies": {},
        },
    )


RULES = {id: rule(id) for id in ("first", "second", "third")}


def finding(id: str, at: str, status: Status = "violated", action: Action = "deny", value: str = "0") -> Finding:
    return Finding(RULES[id], status, action, at, value)


@pytest.fixture
def make() -> Callable[..., HostResult]:
    def built(*findings: Finding, warnings: tuple[str, ...] = (), version: str = "26.1.5") -> HostResult:
        held = tuple(sorted(RULES.keys() - {each.rule.id for each in findings}))
        document = {"daemon": {"installed": {"value": True}, "version": {"value": version}}}
        return HostResult(HostReport(findings, held, ()), RULES, "hardened", document, warnings, 1795536000)

    return built
