"""`portero scan`: judges everything that exists on a daemon, and lists how it bypasses the rules."""

import os
import sys
import time
from collections.abc import Iterator
from typing import cast

import click

from portero.decide.judging import denial
from portero.decide.judging.judge import Judge
from portero.decide.values.json_fields import JSON, child
from portero.decide.values.refusals import Refused
from portero.observe.files.chroot import Files
from portero.serve.settings.settings import Settings
from portero.tools.cli import host_settings, judge_loading
from portero.tools.hostcheck.managed_plugins import ManagedPlugin, list_plugins, list_portero_names
from portero.tools.hostcheck.plugin_client import ask_status, find_running
from portero.tools.recording.request_files import DecidedRequest, FileRequest
from portero.tools.report.output_formats import write_junit
from portero.tools.report.sarif import make_sarif_of_decisions
from portero.tools.scan.bypasses import BypassFinder
from portero.tools.scan.inventory import Inventory, ScannedDaemon, Unreachable
from portero.tools.scan.judged_objects import ObjectJudge
from portero.tools.scan.scan_result import ScanReport, describe, keeps_running, list_cases, render_page
from portero.tools.terminal import options
from portero.tools.terminal.formats import Outputs, show_outputs, takes_format
from portero.tools.terminal.output import make_json, make_text, show_progress


@click.command()
@takes_format("text", "json", "html", "junit", "sarif")
@options.takes_policy
@options.takes_host
def scan(outputs: Outputs, **given: str | tuple[str, ...] | None) -> None:
    """Judge what exists on a daemon: containers, services, volumes, networks.

    Each is judged as if it were created now, in mode enforce. A list of its own has the bypasses:
    requests about existing objects that no rule denies. Without --docker-host, scan asks the daemon that docker
    asks. Run it on the host of the daemon. Nothing is changed. Exit status 1: something would be denied, or a
    bypass is open.
    """
    settings = host_settings.load_host_settings(given)
    try:
        daemon = ScannedDaemon.at(settings.docker_host, os.environ)
        judge = judge_loading.load_judge(settings)
        report = _scan(judge, daemon.read_inventory(show_progress), looks_up=_looks_up(settings))
    except Unreachable as unreachable:
        options.give_up([str(unreachable)])
    except Refused as refused:
        options.give_up([f"cannot read what dockerd reports, at {refused.at}"])
    # SARIF has a result for each violation of an object, which has its kind and name for a file.
    named = ((each, FileRequest(f"{each.kind}/{each.name}", b"", name=each.name)) for each in report.judged)
    decided = [DecidedRequest(request, each.decision) for each, request in named]
    formats = {
        "text": lambda: make_text(_list_lines(report)),
        "json": lambda: make_json(describe(report)),
        "html": lambda: render_page(report),
        "junit": lambda: write_junit(list_cases(report)),
        "sarif": lambda: make_json(make_sarif_of_decisions(decided, judge.policy)),
    }
    show_outputs(outputs, formats)
    sys.exit(options.ALLOWED if report.clean else options.REFUSED)


def _scan(judge: Judge, inventory: Inventory, *, looks_up: bool) -> ScanReport:
    object_judge = ObjectJudge(judge, inventory)
    judged = list(object_judge.judge_all())
    shadows, others = _list_plugins(inventory)
    found = BypassFinder(object_judge, judged, looks_up=looks_up).find_all()
    bypasses = sorted(found, key=lambda bypass: (bool(bypass.closed), bypass.kind, bypass.name))
    return ScanReport(
        inventory,
        judge.enforcement.profile,
        judge.policy.digest,
        time.time(),
        judged,
        bypasses,
        shadows,
        others,
        looks_up=looks_up,
    )


def _looks_up(settings: Settings) -> bool:
    """Whether Portero asks dockerd what exists: as the running one reports it, else by the setting alone."""
    if settings.lookups == "off" or settings.host_root == "none":
        return settings.lookups == "auto"
    try:
        return ask_status(find_running(Files(), settings.daemon_json, settings.socket)).get("lookups") not in (
            "off",
            "unavailable",
        )
    except (OSError, ValueError):
        return True  # none runs yet


def _list_plugins(inventory: Inventory) -> tuple[list[ManagedPlugin], list[ManagedPlugin]]:
    """Managed plugins that dockerd asks instead of Portero, and the other enabled ones."""
    with options.give_up_on(OSError, ValueError, name="cannot list the managed plugins"):
        plugins = list(list_plugins(inventory.plugins))
        names = list_portero_names(cast(list[JSON], child(inventory.info, "Plugins").get("Authorization") or []))
        shadows = [plugin for plugin in plugins if plugin.name in names and plugin.hides(Files())]
    return shadows, [plugin for plugin in plugins if plugin.enabled and plugin.name not in names]


def _list_lines(report: ScanReport) -> Iterator[str]:
    for each in report.refused:
        yield f"{each.title}:"
        yield from denial.list_reasons(each.decision)
    yield from _list_bypasses(report)
    yield from _list_starts(report)
    yield from report.blind
    yield f"{report.daemon}, profile {report.profile}: {report.summary}"


def _list_bypasses(report: ScanReport) -> Iterator[str]:
    for plugin in report.shadows:
        yield f"dockerd asks the managed plugin {plugin.describe()} instead of Portero (no-plugin-shadow)"
    for plugin in report.plugins:
        yield f"managed plugin, judged by no rule: {plugin.describe()}"
    if report.open:
        yield "open bypasses:"
    for bypass, commands in report.open_by_object:
        yield f"  {bypass.kind} {bypass.name} violates {', '.join(bypass.rules)} -> {bypass.cure}"
        yield from (f"    {command}" for command in commands)
    if report.closed:
        yield "bypasses that the rules close:"
        yield from (f"  {bypass.command}  ({', '.join(bypass.closed)})" for bypass in report.closed)


def _list_starts(report: ScanReport) -> Iterator[str]:
    if report.starts or keeps_running(report.inventory):
        yield "starts without a request, so no rule judges it:"
    for start in report.starts:
        refused = "" if start.allowed else "  (would be denied)"
        yield f"  {start.kind} {start.name}: {start.when}{refused}"
    if keeps_running(report.inventory):
        yield "  running containers run on while dockerd is stopped (live-restore)"
