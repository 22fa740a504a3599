"""`portero host`: collects the facts of this host and checks them against the rules about hosts."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import cast

import click

from portero import engine
from portero.cli import options
from portero.cli.output import show_json, show_lines
from portero.host.asking_daemon import DAEMON_CONFIG
from portero.hostcheck.docker_users import warn_of_accounts
from portero.hostcheck.document import collect
from portero.hostcheck.files import Files
from portero.hostcheck.findings import Finding, HostReport, check
from portero.hostcheck.rules import HostPolicy, load
from portero.policy.loader import InvalidPolicy
from portero.service.settings import Settings
from portero.types import JSON


@click.command()
@options.SCHEMAS
@options.PROFILE
@options.ENGINE
@options.DOCKER_HOST
@options.SOCKET
@options.DAEMON_CONFIG
@click.option(
    "--root",
    metavar="DIR",
    default="/",
    type=click.Path(exists=True, file_okay=False),
    help="Where the host's files are visible.  [default: /]",
)
@click.option(
    "--probe/--no-probe",
    default=True,
    help="Send dockerd two harmless requests that show whether its plugin gets every body.",
)
@options.JSON_OUTPUT
def host(root: str, probe: bool, as_json: bool, **given: str | tuple[str, ...] | None) -> None:
    """Check this host: kernel, dockerd, who reaches it, where its data lies.

    Exit status 1: something that the profile enforces is violated or could not be read.
    """
    settings = options.settings(given)
    policy = _policy(settings)
    address = str(settings.docker_host) if settings.docker_host is not None else None
    daemon_config = str(settings.daemon_config or DAEMON_CONFIG)
    document = collect(Files(root), daemon_config, address, settings.socket, ask=probe)
    report = check(policy, document, settings.profile)
    access = cast("dict[str, dict[str, JSON]]", document["access"])
    warnings = [*warn_of_accounts(access["members"]["value"], settings.profile)]
    if as_json:
        show_json(_document(report, settings.profile, document, warnings))
    else:
        show_lines([*warnings, *_lines(report, settings.profile)])
    sys.exit(options.ALLOWED if report.clean else options.REFUSED)


def _policy(settings: Settings) -> HostPolicy:
    try:
        chosen = engine.named(settings.engine)
        return load([Path(folder) for folder in settings.policy_folders], chosen)
    except InvalidPolicy as error:
        options.give_up(error.faults)
    except ImportError as error:
        options.give_up([f"cannot load the engine {settings.engine}: {error}; reinstall portero"])


def _lines(report: HostReport, profile: str) -> Iterator[str]:
    """One line a finding, aligned, and how many there are of what."""
    width = max((len(finding.rule.id) for finding in report.findings), default=0)
    yield from (_line(finding, width) for finding in report.findings)
    if report.not_applicable:
        yield f"Docker is not installed here: {len(report.not_applicable)} rules about it do not apply"
    yield f"profile {profile}: {', '.join(f'{number} {what}' for what, number in _counts(report).items())}"


def _line(finding: Finding, width: int) -> str:
    read = f" (is {finding.value})" if finding.status == "violated" and finding.value else ""
    why = f"{finding.rule.reason} -> {finding.rule.remedy['host']}"
    return f"{_word(finding):<10} {finding.rule.id:<{width}}  {finding.at}{read}: {why}"


def _word(finding: Finding) -> str:
    """In brackets what is only reported under this profile."""
    return finding.status if finding.action == "deny" else f"({finding.status})"


def _counts(report: HostReport) -> dict[str, int]:
    enforced = [finding for finding in report.findings if finding.action == "deny"]
    return {
        "violated": sum(finding.status == "violated" for finding in enforced),
        "unknown": sum(finding.status == "unknown" for finding in enforced),
        "only reported": len(report.findings) - len(enforced),
        "fine": len(report.held),
        "not applicable": len(report.not_applicable),
    }


def _document(report: HostReport, profile: str, document: dict[str, JSON], warnings: list[str]) -> dict[str, object]:
    findings = [
        {
            "rule": finding.rule.id,
            "level": finding.rule.level,
            "status": finding.status,
            "action": finding.action,
            "at": finding.at,
            "reason": finding.rule.reason,
            "remedy": finding.rule.remedy["host"],
            "sources": list(finding.rule.sources),
        }
        for finding in report.findings
    ]
    return {
        "profile": profile,
        "clean": report.clean,
        "summary": _counts(report),
        "findings": findings,
        "fine": list(report.held),
        "notApplicable": list(report.not_applicable),
        "warnings": [*warnings],
        "host": document,
    }
