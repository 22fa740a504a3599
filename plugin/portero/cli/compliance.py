"""`portero report --benchmark`: a benchmark item by item, by the policy, its log and a check of the host."""

import json
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import click

from portero.cli import options
from portero.cli.host import check_host, host_policy
from portero.cli.log_files import check_read, read_decisions
from portero.compliance import benchmark as benchmarks
from portero.compliance import host_evidence, html_and_text, json_and_junit
from portero.compliance.host_evidence import HostEvidence, NotAHostReport
from portero.compliance.html_and_text import page
from portero.compliance.log_evidence import LogEvidence
from portero.compliance.result import ComplianceResult
from portero.compliance.rule_effect import Standing, StandingTrial
from portero.compliance.verdict import Grounds
from portero.files import package_files
from portero.judging.judge import Judge
from portero.policy import folder
from portero.policy.rule import Rule
from portero.proof.examples import builtin_examples
from portero.report import host_formats as host_machines
from portero.report import junit
from portero.settings.settings import Profile, Settings
from portero.status import lookup_state

# Looks at everything: the report says of each rule what was found, enforced here or not.
_WHOLE: Profile = "restricted"


@dataclass(frozen=True, slots=True)
class BenchmarkRequest:
    """What the report is made of. `host_report`: a file of `portero host`; `check_host`: check this host now."""

    benchmark: str
    logs: Sequence[str]
    host_report: str | None
    check_host: bool


def report_benchmark(asked: BenchmarkRequest, settings: Settings, form: str) -> tuple[str, bool]:
    """The report in this form, and whether every item that can be decided is met."""
    judge = options.judge(settings)
    chosen = benchmarks.load(asked.benchmark)
    evidence = _read_logs(asked.logs, chosen.rules & judge.policy.rules.keys(), judge) if asked.logs else None
    host_rules = host_policy(settings).rules.rules
    grounds = Grounds(
        judge.policy,
        _standings(judge, settings, chosen.rules - host_rules.keys()),
        host_rules,
        frozenset(id for id, rule in host_rules.items() if not _is_builtin(rule)),
        evidence,
        _host(asked, settings),
    )
    result = ComplianceResult.of(chosen, grounds, settings.profile, settings.mode, asked.logs, time.time())
    return _FORMATS[form](result), not result.open_items


def _read_logs(logs: Sequence[str], rules: Collection[str], judge: Judge) -> LogEvidence:
    evidence = LogEvidence(rules, [waiver.id for waiver in judge.policy.waivers], judge.policy.digest)
    for decision in read_decisions(logs):
        if decision is None:
            evidence.unreadable += 1
        else:
            evidence.add(decision)
    check_read(logs, evidence.decisions)
    return evidence


def _standings(judge: Judge, settings: Settings, rules: Collection[str]) -> Mapping[str, Standing]:
    blind = frozenset(lookup_state.list_blind_rules(settings, judge.policy, "auto"))
    trial = StandingTrial(
        judge, {rule.id: rule for rule in _builtin_rules()}, builtin_examples(judge), blind, time.time()
    )
    return {id: trial.standing(id) for id in sorted(rules)}


def _builtin_rules() -> Iterator[Rule]:
    found: list[str] = []
    content = folder.read_folder(package_files.schemas(), found)
    return (Rule.of(file, document) for file, document in content.rules.items())


def _is_builtin(rule: Rule) -> bool:
    return Path(rule.file).is_relative_to(package_files.schemas())


def _host(asked: BenchmarkRequest, settings: Settings) -> HostEvidence | None:
    if asked.check_host:
        return host_evidence.read(host_machines.document(check_host(replace(settings, profile=_WHOLE))))
    if asked.host_report is None:
        return None
    try:
        with click.open_file(asked.host_report, "rb") as opened:
            return host_evidence.read(json.loads(opened.read()))
    except OSError as error:
        options.give_up([f"{asked.host_report}: {error.strerror}; name a file that can be read"])
    # RecursionError: brackets enough exhaust the parser.
    except (ValueError, RecursionError, NotAHostReport):
        options.give_up([f"{asked.host_report}: not a report of the host; write one with portero host --format json"])


_FORMATS: Mapping[str, Callable[[ComplianceResult], str]] = {
    "text": lambda result: "\n".join(html_and_text.lines(result)),
    "json": lambda result: json.dumps(json_and_junit.document(result), indent=2),
    "junit": lambda result: junit.of(json_and_junit.cases(result)),
    "html": page,
}
