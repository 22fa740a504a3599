"""A policy with a site's own files, and reports on it."""

import time
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path, PurePath
from typing import Any

import pytest

from portero.decide.decision import ActionTaken, Subject, Violation
from portero.decide.judging.judge import Judge
from portero.decide.policy.policy import Policy
from portero.decide.policy.rule import Action, Level, Rule
from portero.observe.stores import policy_loader
from portero.serve.application.loading import judge_of
from portero.serve.settings.settings import Settings
from portero.tools.hostcheck import host_rules
from portero.tools.hostcheck.host_rules import Finding, HostReport, Status
from portero.tools.proof.rule_examples import load_examples
from portero.tools.recording.request_files import DecidedRequest, FileRequest
from portero.tools.report import benchmark_items as benchmarks
from portero.tools.report import log_lines
from portero.tools.report.benchmark_items import Grounds
from portero.tools.report.compliance_evidence import HostEvidence, LogEvidence
from portero.tools.report.compliance_result import ComplianceResult
from portero.tools.report.host_result import HostResult
from portero.tools.report.rule_effect import RuleEffect, RuleEffects
from tests.decide.judging.requests import write_files
from tests.decided import decided
from tests.judges import make_judge
from tests.paths import SCHEMAS

NOW = 1795536000.0
MakeTrial = Callable[..., RuleEffects]
MakeResult = Callable[..., ComplianceResult]
_BUILTIN = {rule.id: rule for rule in (Rule.of(*one) for one in policy_loader.read_folder(SCHEMAS, []).rules.items())}


@pytest.fixture
def make_trial(tmp_path: Path) -> MakeTrial:
    """`files`: the site folder's by name; `blind`: rules without lookups; the rest are settings."""

    def make(files: Mapping[str, Any] | None = None, blind: tuple[str, ...] = (), **settings: str) -> RuleEffects:
        write_files(tmp_path / "site", files or {})
        given = {"host_root": "none"} | ({"schemas": str(tmp_path / "site")} if files else {}) | settings
        judge = _judge(tuple(given.items()))
        return RuleEffects(judge, _BUILTIN, load_examples(judge), blind, NOW)

    return make


@pytest.fixture
def make_result(make_trial: MakeTrial) -> MakeResult:
    """`log`: lines of a decision log; `host`: a check of the host."""

    def make(
        benchmark: str = "cis",
        log: bytes = b"",
        host: HostEvidence | None = None,
        files: Mapping[str, Any] | None = None,
        **settings: str,
    ) -> ComplianceResult:
        trial = make_trial(files, **settings)
        chosen = benchmarks.load(benchmark)
        policy = trial.judge.policy
        loaded = _host_rules()
        evidence = LogEvidence(chosen.rules, [waiver.id for waiver in policy.waivers], policy.digest) if log else None
        for line in log.splitlines():
            assert evidence is not None
            evidence.add(log_lines.read_decision(line))
        effects = _effects(
            trial, benchmark, policy.digest, trial.judge.enforcement.profile, trial.judge.enforcement.mode
        )
        grounds = Grounds(policy, effects, loaded, frozenset(), evidence, host)
        names = ["decisions.jsonl"] if log else []
        return ComplianceResult.of(
            chosen, grounds, trial.judge.enforcement.profile, trial.judge.enforcement.mode, names, time.time()
        )

    return make


@cache
def _judge(given: tuple[tuple[str, str], ...]) -> Judge:
    return judge_of(Settings.read({}, dict(given)))


@cache
def _host_rules() -> Mapping[str, Rule]:
    return host_rules.load_rules([SCHEMAS]).rules.rules


_KNOWN: dict[tuple[str, ...], Mapping[str, RuleEffect]] = {}


def _effects(trial: RuleEffects, benchmark: str, *policy: str) -> Mapping[str, RuleEffect]:
    """Of one policy once: most tests differ in the log or the host only."""
    if (benchmark, *policy) not in _KNOWN:
        rules = benchmarks.load(benchmark).rules - _host_rules().keys()
        _KNOWN[benchmark, *policy] = {id: trial.try_rule(id) for id in rules}
    return _KNOWN[benchmark, *policy]


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
    return make_judge().policy


def violation(rule: str, place: str = "HostConfig.Privileged", action: ActionTaken = "deny") -> Violation:
    remedy = {"docker": "drop --privileged", "compose": "remove privileged: true"}
    return Violation(rule, "baseline", place, action, "It can take over the host.", remedy)


def checked(
    *violations: Violation, file: str = "a compose.yaml", line: int | None = 3, client: str = ""
) -> DecidedRequest:
    subject = Subject(operation="ContainerCreate", client=client, by_compose="compose" in client)
    decision = decided(*violations, id="check", subject=subject, policy="digest", profile="baseline")
    return DecidedRequest(FileRequest(file, b"", line, "web"), decision)
