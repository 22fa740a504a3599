"""`portero host`: collects the facts of this host and checks them against the rules about hosts."""

import sys
from contextlib import suppress
from typing import cast

import click

from portero.decide.values.errors import LoadError
from portero.decide.values.json_fields import JSON
from portero.observe.files.chroot import Files
from portero.serve.application.loading import make_reader
from portero.serve.status.policy_state import warn_of_accounts
from portero.tools.cli import host_settings
from portero.tools.hostcheck.daemon_settings import read_running_configuration
from portero.tools.hostcheck.host_document import collect
from portero.tools.hostcheck.host_rules import HostPolicy, check, load_rules
from portero.tools.hostcheck.policy_source import HostSettings
from portero.tools.hostcheck.probe import explain_unseen
from portero.tools.report import host_result
from portero.tools.report.host_result import HostResult
from portero.tools.report.output_formats import write_junit
from portero.tools.terminal import options
from portero.tools.terminal.formats import Outputs, show_outputs, takes_format
from portero.tools.terminal.output import make_json, make_text

_FOLDER = click.Path(exists=True, file_okay=False)


@click.command()
@takes_format("text", "json", "junit", "sarif", "html")
@options.takes_policy
@options.DOCKER_HOST
@options.SOCKET
@options.DAEMON_CONFIG
@click.option("--root", metavar="DIR", default="/", type=_FOLDER, help="Where the host's files are visible.")
@click.option("--probe/--no-probe", default=True, help="Send dockerd two harmless requests that its plugin must see.")
def host(outputs: Outputs, root: str, probe: bool, **given: str | tuple[str, ...] | None) -> None:
    """Check this host: kernel, dockerd, its users, the place of its data.

    Exit status 1: something that the profile enforces is violated or could not be read.
    """
    result = check_host(host_settings.load_host_settings(given), root, probe=probe)
    formats = {
        "text": lambda: make_text(host_result.list_lines(result)),
        "json": lambda: make_json(host_result.describe(result)),
        "junit": lambda: write_junit(host_result.list_cases(result)),
        "sarif": lambda: make_json(host_result.make_sarif(result)),
        "html": lambda: host_result.render_page(result),
    }
    show_outputs(outputs, formats)
    sys.exit(options.ALLOWED if result.report.clean else options.REFUSED)


def check_host(settings: HostSettings, root: str = "/", *, probe: bool = True) -> HostResult:
    """Check this host. `probe`: whether dockerd gets the two requests that probe its plugin."""
    policy = load_host_policy(settings)
    address = str(settings.docker_host) if settings.docker_host is not None else None
    document = collect(Files(root), settings.daemon_json, address, settings.socket, ask=probe)
    with suppress(OSError):  # /proc cannot be read
        configuration = read_running_configuration(Files(root), settings.daemon_json)
        policy = policy.reword_remedies(configuration.note_flags)
    report = check(policy, document, settings.profile)
    access = cast("dict[str, dict[str, JSON]]", document["access"])
    unseen = explain_unseen(Files(root), settings.daemon_json, address) if probe else ()
    warnings = (*unseen, *warn_of_accounts(access["members"]["value"], settings.profile))
    return HostResult(report, policy.rules.rules, settings.profile, document, warnings)


def load_host_policy(settings: HostSettings) -> HostPolicy:
    """The rules about the host in the policy folders."""
    host_settings.show_source(settings)
    with options.give_up_on(LoadError):
        return load_rules(settings.judged_by.policy_folders, reader=make_reader(settings.source.files))
