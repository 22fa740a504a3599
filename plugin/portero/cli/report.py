"""`portero report`: turns a decision log into one HTML page."""

import json
import sys
import time
from pathlib import Path

import click

from portero.cli import options
from portero.cli.input_files import FILE, add_logs
from portero.cli.policy_source import HostSettings
from portero.cli.suggest import add_refused
from portero.cli.terminal import show_lines, show_text
from portero.compliance import benchmark_items as benchmarks
from portero.files.whole_files import replace_file
from portero.report.log_page import find_texts, render_page
from portero.report.log_tally import Tally
from portero.suggest import suggestion_text
from portero.suggest.collect import Suggestions

_STANDARD_OUTPUT = "-"
# The report is as private as the log.
_OWNER_ONLY = 0o600


@click.command()
@click.argument("logs", metavar="[LOG]...", nargs=-1, type=FILE)
@click.option(
    "--output",
    metavar="FILE",
    default=_STANDARD_OUTPUT,
    help="Write the report to this file instead of standard output.",
)
@click.option(
    "--benchmark",
    type=click.Choice(benchmarks.NAMES),
    help="Report on this benchmark item by item, by policy, log and a check of the host.",
)
@options.takes_format(
    "text",
    "json",
    "html",
    "junit",
    default=None,
    help="Of a benchmark: text unless given. Of a log alone: html or json.",
)
@click.option("--host-report", metavar="FILE", type=FILE, help="What `portero host --format json` wrote.")
@click.option("--check-host", is_flag=True, help="Check this host now, instead of --host-report.")
@options.SCHEMAS
@options.PROFILE
@options.MODE
def report(
    logs: tuple[str, ...],
    output: str,
    form: str | None,
    host_report: str | None,
    check_host: bool,
    benchmark: str | None,
    **given: str | tuple[str, ...] | None,
) -> None:
    """Turn decision logs into one HTML page: what was refused or would be, by user, image and time.

    Reads rotated logs too, also .gz; - is standard input. The page needs no other file and no script. Titles and
    remedies are those of the current policy. Exit status 1: some lines are not decisions and are not counted.

    With --benchmark: which items the policy enforces, only reports, or leaves to others, with evidence from logs and
    host. Exit status 1: an item that can be decided is not met.
    """
    settings = options.settings_here(given)
    if benchmark is not None:
        if host_report is not None and check_host:
            options.give_up(["--host-report and --check-host: give one of them"])
        # Imported only when wanted: the check of a host loads much.
        from portero.cli.compliance import CHECK_HOST, report_benchmark

        source = CHECK_HOST if check_host else host_report
        text, met = report_benchmark(benchmark, logs, source, settings, form or "text")
        _write(output, text)
        sys.exit(options.ALLOWED if met else options.REFUSED)
    if host_report is not None or check_host:
        options.give_up(["--host-report and --check-host: need --benchmark"])
    if form not in (None, "html", "json"):
        options.give_up([f"--format {form}: needs --benchmark; without it there are html and json"])
    if not logs:
        options.give_up(["no log is given: name one (PORTERO_LOG), or - for standard input"])
    _report_log(logs, output, settings, as_json=form == "json")


def _report_log(logs: tuple[str, ...], output: str, settings: HostSettings, *, as_json: bool) -> None:
    policy = options.judge(settings).policy
    tally, suggestions = Tally(), Suggestions(policy)
    for decision in add_logs(logs, tally):
        add_refused(suggestions, decision)
    _write(output, json.dumps(tally.document(), indent=2) if as_json else _make_page(tally, suggestions, logs))
    sys.exit(options.REFUSED if tally.unreadable else options.ALLOWED)


def _make_page(tally: Tally, suggestions: Suggestions, logs: tuple[str, ...]) -> str:
    suggested = [*suggestion_text.list_lines(suggestions)] if suggestions.refused else []
    return render_page(tally, lambda name: find_texts(name, suggestions.policy), logs, time.time(), suggested)


def _write(output: str, text: str) -> None:
    if output == _STANDARD_OUTPUT:
        show_text(text)
        return
    with options.explain_os_errors(output, "name a file that can be written"):
        replace_file(Path(output), text.encode(errors="replace") + b"\n", _OWNER_ONLY)
    show_lines([f"wrote {Path(output).absolute().as_uri()}; its owner alone reads it"], err=True)
