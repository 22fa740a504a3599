"""A policy with a site's own files, and reports on it."""

import json
import time
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from portero.application.loading import judge_of
from portero.compliance import benchmark_items as benchmarks
from portero.compliance.benchmark_items import Grounds
from portero.compliance.evidence import HostEvidence, LogEvidence
from portero.compliance.result import ComplianceResult
from portero.compliance.rule_effect import RuleEffect, RuleEffects
from portero.hostcheck import host_rules
from portero.judging.judge import Judge
from portero.policy import folder
from portero.policy.rule import Rule
from portero.proof.rule_examples import load_examples
from portero.report import log_lines
from portero.settings.settings import Settings
from tests.paths import SCHEMAS

NOW = 1795536000.0
MakeTrial = Callable[..., RuleEffects]
MakeResult = Callable[..., ComplianceResult]
_BUILTIN = {rule.id: rule for rule in (Rule.of(*one) for one in folder.read_folder(SCHEMAS, []).rules.items())}


@pytest.fixture
def make_trial(tmp_path: Path) -> MakeTrial:
    """`files`: the site folder's by name; `blind`: rules without lookups; the rest are settings."""

    def make(files: Mapping[str, Any] | None = None, blind: tuple[str, ...] = (), **settings: str) -> RuleEffects:
        for name, content in (files or {}).items():
            path = tmp_path / "site" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(json.dumps(content))
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
