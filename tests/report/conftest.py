"""What the formats show: results of a host check, and decisions as check makes them."""

from collections.abc import Callable
from pathlib import PurePath

import pytest

from portero.application.loading import judge_of
from portero.decision import ActionTaken, Decision, Subject, Violation
from portero.hostcheck.host_rules import Finding, HostReport, Status
from portero.policy.policy import Policy
from portero.policy.profiles import Action
from portero.policy.rule import Level, Rule
from portero.recording.request_files import DecidedRequest, FileRequest
from portero.report.host_result import HostResult
from portero.settings.settings import Settings

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


@pytest.fixture(scope="session")
def policy() -> Policy:
    """The built-in rules."""
    return judge_of(Settings.read({}, {"host_root": "none"})).policy


def violation(rule: str, place: str = "HostConfig.Privileged", action: ActionTaken = "deny") -> Violation:
    remedy = {"docker": "drop --privileged", "compose": "remove privileged: true"}
    return Violation(rule, "baseline", place, action, "It can take over the host.", remedy)


def checked(
    *violations: Violation, file: str = "a compose.yaml", line: int | None = 3, client: str = ""
) -> DecidedRequest:
    subject = Subject(operation="ContainerCreate", client=client, by_compose="compose" in client)
    return DecidedRequest(
        FileRequest(file, b"", line, "web"),
        Decision(
            id="check",
            time=0.0,
            subject=subject,
            violations=violations,
            policy="digest",
            profile="baseline",
            mode="enforce",
        ),
    )
