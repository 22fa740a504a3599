"""`portero scan`: judges everything that exists on a daemon, and tells what could be used to get round the rules."""

import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import cast

import click

from portero.cli import options
from portero.cli.terminal import show_json, show_lines, show_text, shown
from portero.dockerd.daemon import DAEMON_CONFIG
from portero.files.chroot import Files
from portero.hostcheck.managed_plugins import ManagedPlugin, list_plugins, portero_names
from portero.hostcheck.plugin_client import ask_status
from portero.hostcheck.plugin_sockets import find_running
from portero.judging import denial
from portero.judging.judge import Judge
from portero.proof.examples import builtin_examples
from portero.refusals import Refused
from portero.report import junit
from portero.scan.bypasses import Doors, ways
from portero.scan.inventory import Inventory, ScannedDaemon, Unreachable
from portero.scan.judged_objects import Bench
from portero.scan.report import Report, cases, denials, document, page, title
from portero.scan.starts import keeps_running
from portero.settings.settings import Settings
from portero.values.json_fields import child
from portero.values.json_types import JSON
from portero.values.spelling import printable


@click.command()
@options.takes_format("text", "json", "html", "junit")
@options.takes_policy
@options.takes_host
@options.JSON_OUTPUT
def scan(form: str, as_json: bool, **given: str | tuple[str, ...] | None) -> None:
    """Judge what exists on a daemon: containers, services, volumes, networks.

    Each is judged as if it were created now, in mode enforce. Ways round Portero are listed apart: what can be done
    with existing objects without a request that a rule refuses. Without --docker-host, scan asks the daemon that docker
    asks. Nothing is changed. Exit status 1: something would be refused, or a way is open.
    """
    settings = options.settings(given)
    try:
        daemon = ScannedDaemon.at(settings.docker_host)
        if not daemon.is_local and settings.host_root == "auto":
            # The daemon runs on another host: its files are not here.
            settings = replace(settings, host_root="none")
        judge = options.judge(settings)
        looks_up = _looks_up(settings, is_local=daemon.is_local)
        report = _report(judge, daemon.inventory(shown), is_local=daemon.is_local, looks_up=looks_up)
    except Unreachable as unreachable:
        options.give_up([str(unreachable)])
    except Refused as refused:
        options.give_up([f"cannot read what dockerd reports, at {refused.at}"])
    _FORMATS["json" if as_json else form](report)
    sys.exit(options.ALLOWED if report.clean else options.REFUSED)


def _report(judge: Judge, inventory: Inventory, *, is_local: bool, looks_up: bool) -> Report:
    bench = Bench(judge, inventory)
    judged = list(bench.all())
    doors = Doors(bench.judge, builtin_examples(judge), looks_up=looks_up)
    shadows, others = _plugins(inventory, Files() if is_local else None)
    found = list(ways(bench, judged, doors))
    return Report(
        inventory,
        judge.enforcement.profile,
        judge.policy.digest,
        time.time(),
        judged,
        found,
        shadows,
        others,
        looks_up=looks_up,
    )


def _looks_up(settings: Settings, *, is_local: bool) -> bool:
    """Whether Portero asks dockerd what exists: as the running one reports it, else by the setting alone."""
    if settings.lookups == "off" or not is_local or settings.host_root == "none":
        return settings.lookups == "auto"
    config = str(settings.daemon_config or DAEMON_CONFIG)
    try:
        return ask_status(find_running(Files(), config, settings.socket)).get("lookups") not in ("off", "unavailable")
    except (OSError, ValueError):
        return True  # none runs yet


def _plugins(inventory: Inventory, files: Files | None) -> tuple[list[ManagedPlugin], list[ManagedPlugin]]:
    """Managed plugins that dockerd asks instead of Portero, and the other enabled ones; `files`: the host's."""
    try:
        plugins = list(list_plugins(inventory.plugins))
        names = portero_names(cast(list[JSON], child(inventory.info, "Plugins").get("Authorization") or []))
        shadows = [plugin for plugin in plugins if plugin.name in names and plugin.hides(files)]
    except (OSError, ValueError) as error:
        options.give_up([f"cannot list the managed plugins: {error}"])
    return shadows, [plugin for plugin in plugins if plugin.enabled and plugin.name not in names]


def _lines(report: Report) -> Iterator[str]:
    for each in report.refused:
        yield f"{title(each)}:"
        violations = denials(each)
        width = max(len(violation.rule) for violation in violations)
        yield from (
            f"  {violation.rule:<{width}}  {denial.write_sentence(violation, 'docker')}" for violation in violations
        )
    yield from _ways(report)
    yield from _starts(report)
    yield from report.blind
    yield f"{report.daemon}, profile {report.profile}: {report.summary}"


def _ways(report: Report) -> Iterator[str]:
    for plugin in report.shadows:
        yield f"dockerd asks the managed plugin {printable(plugin.describe())} instead of Portero (no-plugin-shadow)"
    for plugin in report.plugins:
        yield f"managed plugin, judged by no rule: {printable(plugin.describe())}"
    if report.open:
        yield "ways round Portero:"
    for way, commands in report.doors:
        yield f"  {way.kind} {printable(way.name)} violates {', '.join(way.rules)} -> {printable(way.cure)}"
        yield from (f"    {printable(command)}" for command in commands)
    if report.closed:
        yield "ways that the rules close:"
        yield from (f"  {printable(way.command)}  ({', '.join(way.closed)})" for way in report.closed)


def _starts(report: Report) -> Iterator[str]:
    if report.starts or keeps_running(report.inventory):
        yield "starts without a request, so that no rule is asked:"
    for start in report.starts:
        refused = "" if start.allowed else "  (would be refused)"
        yield f"  {start.kind} {printable(start.name)}: {start.when}{refused}"
    if keeps_running(report.inventory):
        yield "  running containers run on while dockerd is stopped (live-restore)"


_FORMATS: Mapping[str, Callable[[Report], None]] = {
    "text": lambda report: show_lines(_lines(report)),
    "json": lambda report: show_json(document(report)),
    "html": lambda report: show_text(page(report)),
    "junit": lambda report: show_text(junit.of(cases(report))),
}
