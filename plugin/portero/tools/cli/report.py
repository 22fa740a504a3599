"""`portero report`: decision logs as one HTML page; or a benchmark item by item, by policy, logs and a host check."""

import json
import sys
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path

import click

from portero.decide.policy.rule import Rule
from portero.decide.values.dataclass import replace
from portero.decide.values.json_objects import load_json
from portero.observe.process import package_files
from portero.observe.stores import policy_loader
from portero.serve.settings.settings import Profile
from portero.serve.status import daemon_state
from portero.tools.cli import host_settings, judge_loading
from portero.tools.cli.host_command import check_host as check_this_host
from portero.tools.cli.host_command import load_host_policy
from portero.tools.cli.suggest import add_refused
from portero.tools.hostcheck.policy_source import HostSettings
from portero.tools.proof.rule_examples import load_examples
from portero.tools.report import benchmark_items as benchmarks
from portero.tools.report import compliance_evidence, compliance_formats, host_result
from portero.tools.report.benchmark_items import Grounds
from portero.tools.report.compliance_evidence import HostEvidence, LogEvidence
from portero.tools.report.compliance_result import ComplianceResult
from portero.tools.report.log_files import add_logs
from portero.tools.report.log_page import find_texts, render_page
from portero.tools.report.log_tally import Tally
from portero.tools.report.output_formats import write_junit
from portero.tools.report.rule_effect import RuleEffects
from portero.tools.suggest import suggestion_text
from portero.tools.suggest.suggestions import Suggestions
from portero.tools.terminal import options
from portero.tools.terminal.formats import PRIVATE, Outputs, show_outputs, takes_format
from portero.tools.terminal.input_files import FILE, open_input


@click.command()
@click.argument("logs", metavar="[LOG]...", nargs=-1, type=FILE)
@click.option("--benchmark", type=click.Choice(benchmarks.NAMES), help="Report on this benchmark, item by item.")
@takes_format(
    "text", "json", "html", "junit", default="", help="Of a benchmark: text unless given. Of a log: html or json"
)
@click.option("--host-report", metavar="FILE", type=FILE, help="The output of `portero host --format json`.")
@click.option("--check-host", is_flag=True, help="Check this host now, instead of --host-report.")
@options.SCHEMAS
@options.PROFILE
@options.MODE
def report(
    logs: tuple[str, ...],
    outputs: Outputs,
    host_report: str | None,
    check_host: bool,
    benchmark: str | None,
    **given: str | tuple[str, ...] | None,
) -> None:
    """Turn decision logs into one HTML page: denials, real and possible, by user, image and time.

    Reads rotated logs too, also .gz. - is standard input. The page needs no other file and no script. Titles and
    remedies are those of the current policy. Exit status 1: some lines are not decisions and are not counted.

    With --benchmark: which items the policy enforces, only reports, or leaves to others, with evidence from logs and
    host. Exit status 1: an item that can be decided is not met.
    """
    settings = host_settings.load_host_settings(given)
    if benchmark is not None:
        if host_report is not None and check_host:
            options.give_up(["--host-report and --check-host: give one of them"])
        host = None if host_report is None else _read_host(host_report)
        if check_host:
            checked = check_this_host(replace(settings, profile=_ALL_RULES))
            host = compliance_evidence.read_evidence(host_result.describe(checked))
        result = _judge_benchmark(benchmark, logs, host, settings)
        formats = {
            "text": lambda: "\n".join(compliance_formats.list_lines(result)),
            "json": lambda: json.dumps(compliance_formats.describe(result), indent=2),
            "junit": lambda: write_junit(compliance_formats.list_cases(result)),
            "html": lambda: compliance_formats.render_page(result),
        }
        _show(outputs, "text", formats)
        sys.exit(options.REFUSED if result.open_items else options.ALLOWED)
    if host_report is not None or check_host:
        options.give_up(["--host-report and --check-host: need --benchmark"])
    for form in {one.format for one in outputs} - {"", "html", "json"}:
        options.give_up([f"--format {form}: needs --benchmark; without it there are html and json"])
    if not logs:
        options.give_up(["no log is given: name one (PORTERO_LOG), or - for standard input"])
    _report_log(logs, outputs, settings)


def _report_log(logs: tuple[str, ...], outputs: Outputs, settings: HostSettings) -> None:
    policy = judge_loading.load_judge(settings).policy
    tally, suggestions = Tally(), Suggestions(policy)
    for decision in add_logs(logs, tally):
        add_refused(suggestions, decision)
    page = partial(_make_page, tally, suggestions, logs)
    _show(outputs, "html", {"html": page, "json": lambda: json.dumps(tally.make_document(), indent=2)})
    sys.exit(options.REFUSED if tally.unreadable else options.ALLOWED)


def _make_page(tally: Tally, suggestions: Suggestions, logs: tuple[str, ...]) -> str:
    suggested = [*suggestion_text.list_lines(suggestions)] if suggestions.refused else []
    return render_page(tally, lambda name: find_texts(name, suggestions.policy), logs, time.time(), suggested)


def _show(outputs: Outputs, default: str, make: Mapping[str, Callable[[], str]]) -> None:
    """The report is as private as the log."""
    show_outputs([one._replace(format=one.format or default) for one in outputs], make, PRIVATE)


# Under this profile the check of the host has all rules, enforced here or not.
_ALL_RULES: Profile = "restricted"


def _judge_benchmark(
    benchmark: str, logs: Sequence[str], host: HostEvidence | None, settings: HostSettings
) -> ComplianceResult:
    judge = judge_loading.load_judge(settings)
    policy, chosen = judge.policy, benchmarks.load(benchmark)
    evidence = LogEvidence(chosen.rules & policy.rules.keys(), [one.id for one in policy.waivers], policy.digest)
    logged = evidence if logs else None
    deque(add_logs(logs, evidence) if logs else (), maxlen=0)
    builtin = policy_loader.read_folder(package_files.schemas(), []).rules
    blind = frozenset(daemon_state.list_rules_without_lookups(settings, policy, "auto"))
    builtin_rules = {rule.id: rule for rule in (Rule.of(file, content) for file, content in builtin.items())}
    rule_effects = RuleEffects(judge, builtin_rules, load_examples(judge), blind, time.time())
    host_rules = load_host_policy(settings).rules.rules
    effects = {id: rule_effects.try_rule(id) for id in sorted(chosen.rules - host_rules.keys())}
    of_site = (id for id, one in host_rules.items() if not Path(one.file).is_relative_to(package_files.schemas()))
    grounds = Grounds(policy, effects, host_rules, frozenset(of_site), logged, host)
    return ComplianceResult.of(chosen, grounds, settings.profile, settings.mode, logs, time.time())


def _read_host(file: str) -> HostEvidence:
    with options.explain_os_errors(file, "name a file that can be read"), open_input(file) as opened:
        text = opened.read()
    try:
        return compliance_evidence.read_evidence(load_json(text))
    except ValueError:
        options.give_up([f"{file}: not a report of the host; write one with portero host --format json"])
