"""`portero status`: asks the running plugin for its status."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import click

from portero.decide.values.json_fields import JSON, to_list
from portero.observe.files.chroot import Files
from portero.tools.hostcheck import door_units
from portero.tools.hostcheck.plugin_client import ask_status, find_running
from portero.tools.hostcheck.probe import prove_guarded
from portero.tools.hostcheck.unasked_users import warn_of_shared_daemon, warn_of_unasked_users
from portero.tools.terminal import options
from portero.tools.terminal.formats import JSON_OUTPUT, Outputs, show

# The profile that never allows builds.
_NO_BUILDS, _UNASKED_BUILDS = "restricted", "grpc-asks-plugins"


@click.command()
@options.SOCKET
@options.DOCKER_HOST
@click.option("--expect-guarded", is_flag=True, help="Ask dockerd something, too: it must ask the plugin about it.")
@click.option("--all", "in_whole", is_flag=True, help="Show everything that --json has.")
@JSON_OUTPUT
def status(outputs: Outputs, expect_guarded: bool, in_whole: bool, **given: str | None) -> None:
    """Ask the running plugin for its status.

    Exit status 1: something needs attention, and `attention` says why. Examples are mode audit, a policy folder that
    is invalid, an exception that expires soon, and a dockerd that does not ask (--expect-guarded). 2: no answer.
    """
    settings = options.load_settings(given)
    socket = find_running(Files(), settings.daemon_json, settings.socket)
    try:
        report = ask_status(socket)
    except (OSError, ValueError) as error:
        silent = "nothing answers" if isinstance(error, TimeoutError) else "the process that answers is not portero"
        why = (error.strerror if isinstance(error, OSError) else "") or silent
        options.give_up([f"{socket}: no status ({why}); {_find_cure(error, socket)}"])
    reached = (warn(Files(), settings.daemon_json) for warn in (warn_of_unasked_users, warn_of_shared_daemon))
    if warnings := [warning for each in reached for warning in each]:
        report["warnings"] = [*to_list(report.get("warnings")), *warnings]
    _add_doors(report)
    if expect_guarded:
        address = None if settings.docker_host is None else str(settings.docker_host)
        guarded = prove_guarded(Files(), settings.daemon_json, address, socket)
        report["guarded"] = "no" if guarded.why_not else f"yes: dockerd at {guarded.address} asks"
        unasked = [each for each in to_list(report.get("warnings")) if _UNASKED_BUILDS in str(each)]
        builds = unasked if report.get("profile") == _NO_BUILDS else []
        report["attention"] = [*to_list(report["attention"]), *filter(None, [guarded.why_not]), *builds]
    show(report, _list_rows(report if in_whole else _summarize(report)), outputs)
    sys.exit(options.REFUSED if report["attention"] else options.ALLOWED)


def _find_cure(error: Exception, socket: Path) -> str:
    if isinstance(error, PermissionError):
        return "run it as root"
    if isinstance(error, TimeoutError):
        return "systemctl status portero and journalctl -u portero say why"
    if socket.is_dir():
        return f"name the socket in it, such as {socket / 'portero.sock'}"
    # The default socket of a user is that of a rootless dockerd.
    return "start `portero serve`, or name its socket" + (", or run it as root" if os.geteuid() != 0 else "")


def _add_doors(report: dict[str, JSON]) -> None:
    """How the doors before dockerd go, where there are any."""
    if not os.path.exists(door_units.DOCKERD_SOCKET):
        return
    try:
        says, runs = door_units.describe_doors()
    except door_units.UnitsFail as fault:  # no systemd
        says, runs = f"unknown: {fault}", True
    if says:
        report["doors"] = says
    if not runs:
        why = f"{says}: only root reaches dockerd; journalctl -u portero-door says why"
        report["attention"] = [*to_list(report["attention"]), why]


def _summarize(report: dict[str, JSON]) -> dict[str, JSON]:
    """The rows that an operator reads first, without those that are empty."""
    audited, rules, exceptions = report.get("auditProfile"), report.get("rules"), len(to_list(report.get("exceptions")))
    known: dict[str, JSON] = {
        "attention": to_list(report["attention"]) or "none",
        "faults": report.get("reloadFaults"),
        "warnings": report.get("warnings"),
        "mode": report.get("mode"),
        "profile": f"{report.get('profile')}" + (f", and {audited} is reported" if audited else ""),
        "policy": {"rules": rules, "exceptions": exceptions, "loaded": report.get("policyLoaded")},
        "folders": report.get("policyFolders"),
        "signed": report.get("signedFolders"),
        "bundle": report.get("bundle"),
        "guarded": report.get("guarded"),
        "doors": report.get("doors"),
        "decisions": report.get("decisions"),
        "log": report.get("log"),
        "more": "portero status --all",
    }
    return {name: value for name, value in known.items() if value}


def _list_rows(report: dict[str, JSON]) -> Iterator[str]:
    """A line for each entry of a list: faults and exceptions are long."""
    width = max(map(len, report)) + 2
    for name, value in report.items():
        first, *others = value if isinstance(value, list) and value else [value]
        yield f"{name:<{width}}{_format_value(first)}"
        yield from (f"{'':<{width}}{_format_value(other)}" for other in others)


def _format_value(value: JSON) -> str:
    if isinstance(value, list):
        return " ".join(map(_format_value, value)) or "none"
    if isinstance(value, dict):
        return ", ".join(f"{name} {_format_value(inner)}" for name, inner in value.items()) or "none"
    return str(value) or "none"
