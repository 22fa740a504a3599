"""`portero report --benchmark`: a benchmark item by item, by the policy, its log and a check of the host."""

import json
import time
from collections import deque
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from portero.cli import options
from portero.cli.host import check_host, host_policy
from portero.cli.input_files import add_logs, open_input
from portero.cli.policy_source import HostSettings
from portero.compliance import benchmark_items as benchmarks
from portero.compliance import evidence, formats
from portero.compliance.benchmark_items import Grounds
from portero.compliance.evidence import HostEvidence, LogEvidence, NotAHostReport
from portero.compliance.result import ComplianceResult
from portero.compliance.rule_effect import RuleEffect, RuleTrial
from portero.files import package_files
from portero.judging.judge import Judge
from portero.policy import folder
from portero.policy.rule import Rule
from portero.proof.rule_examples import builtin_examples
from portero.report import host_result
from portero.report.output_formats import write_junit
from portero.settings.settings import Profile
from portero.status import daemon_state

# Under this profile the check of the host has all rules, enforced here or not.
_ALL_RULES: Profile = "restricted"
# In place of a file: this host is checked now. No file has this name.
CHECK_HOST = ""


def report_benchmark(
    benchmark: str, logs: Sequence[str], host_report: str | None, settings: HostSettings, form: str
) -> tuple[str, bool]:
    """The report in this form, and whether every item that can be decided is met.

    `host_report`: a file of `portero host`, or CHECK_HOST.
    """
    judge = options.judge(settings)
    chosen = benchmarks.load(benchmark)
    evidence = _read_logs(logs, chosen.rules & judge.policy.rules.keys(), judge) if logs else None
    host_rules = host_policy(settings).rules.rules
    grounds = Grounds(
        judge.policy,
        _try_rules(judge, settings, chosen.rules - host_rules.keys()),
        host_rules,
        frozenset(id for id, rule in host_rules.items() if not Path(rule.file).is_relative_to(package_files.schemas())),
        evidence,
        _read_host(host_report, settings),
    )
    result = ComplianceResult.of(chosen, grounds, settings.profile, settings.mode, logs, time.time())
    return _FORMATS[form](result), not result.open_items


def _read_logs(logs: Sequence[str], rules: Collection[str], judge: Judge) -> LogEvidence:
    evidence = LogEvidence(rules, [waiver.id for waiver in judge.policy.waivers], judge.policy.digest)
    deque(add_logs(logs, evidence), maxlen=0)
    return evidence


def _try_rules(judge: Judge, settings: HostSettings, rules: Collection[str]) -> Mapping[str, RuleEffect]:
    blind = frozenset(daemon_state.list_rules_without_lookups(settings, judge.policy, "auto"))
    builtin = (
        Rule.of(file, content) for file, content in folder.read_folder(package_files.schemas(), []).rules.items()
    )
    trial = RuleTrial(judge, {rule.id: rule for rule in builtin}, builtin_examples(judge), blind, time.time())
    return {id: trial.try_rule(id) for id in sorted(rules)}


def _read_host(file: str | None, settings: HostSettings) -> HostEvidence | None:
    if file == CHECK_HOST:
        return evidence.read_evidence(host_result.describe(check_host(replace(settings, profile=_ALL_RULES))))
    if file is None:
        return None
    with options.explain_os_errors(file, "name a file that can be read"), open_input(file) as opened:
        text = opened.read()
    try:
        return evidence.read_evidence(json.loads(text))
    # RecursionError: many brackets exhaust the parser.
    except (ValueError, RecursionError, NotAHostReport):
        options.give_up([f"{file}: not a report of the host; write one with portero host --format json"])


_FORMATS: Mapping[str, Callable[[ComplianceResult], str]] = {
    "text": lambda result: "\n".join(formats.list_lines(result)),
    "json": lambda result: json.dumps(formats.describe(result), indent=2),
    "junit": lambda result: write_junit(formats.list_cases(result)),
    "html": formats.render_page,
}
