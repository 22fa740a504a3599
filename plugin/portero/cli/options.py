"""The options that several commands share, each defined once; their help is config.json's own text.

Options become Settings or a judge; invalid ones end the process with exit status 2.
"""

import logging
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, NoReturn, TypeVar

import click

from portero.application.loading import judge_of
from portero.cli.terminal import show_lines
from portero.judging.judge import Judge
from portero.settings.settings import InvalidSettings, Settings, descriptions
from portero.values.errors import LoadError

_Command = TypeVar("_Command", bound=Callable[..., Any] | click.Command)
Given = Mapping[str, str | Sequence[str] | None]

ALLOWED, REFUSED, ERROR = 0, 1, 2

_HELP = descriptions()
_LOG = logging.getLogger(__name__)


def make_absolute(context: click.Context, parameter: click.Parameter, path: str | None) -> str | None:
    """As it is meant where it is typed; a setting in the environment has no folder to start from."""
    # A link stays one, and is refused where another user may have planted it.
    return os.path.abspath(path) if path else path


SOCKET = click.option("--socket", metavar="PATH", help=_HELP["socket"], callback=make_absolute)
SCHEMAS = click.option(
    "--schemas",
    metavar="DIR",
    multiple=True,
    help="A policy folder; repeatable. A later folder overrides earlier ones.",
)
PROFILE = click.option("--profile", metavar="LEVEL", help=_HELP["profile"])
AUDIT_PROFILE = click.option("--audit-profile", metavar="LEVEL", help=_HELP["audit_profile"])
MODE = click.option("--mode", metavar="MODE", help=_HELP["mode"])
LOG = click.option("--log", metavar="FILE", help=_HELP["log"])
LOG_FAILURE = click.option("--log-failure", metavar="ACTION", help=_HELP["log_failure"])
LOG_SYNC = click.option("--log-sync", metavar="WHEN", help=_HELP["log_sync"])
DOCKER_HOST = click.option("--docker-host", metavar="ADDRESS", help=_HELP["docker_host"])
HOST_ROOT = click.option("--host-root", metavar="PATH", help=_HELP["host_root"])
DAEMON_CONFIG = click.option("--daemon-config", metavar="PATH", help=_HELP["daemon_config"])
THREADS = click.option("--threads", metavar="N", help=_HELP["threads"])
TRUSTED_KEYS = click.option("--trusted-keys", metavar="FILE", multiple=True, help=_HELP["trusted_keys"])
STATE = click.option("--state", metavar="FILE", help=_HELP["state"])
ALLOW_ROLLBACK = click.option("--allow-rollback", metavar="YES|NO", help=_HELP["allow_rollback"])
RECORD_MAX = click.option("--record-max", metavar="SIZE", help=_HELP["record_max"])
METRICS_ADDRESS = click.option("--metrics-address", metavar="ADDRESS", help=_HELP["metrics_address"])
PROJECT_ROOT = click.option(
    "--project-root",
    metavar="DIR",
    type=click.Path(exists=True, file_okay=False),
    help="The folder that Compose may read, instead of the compose file's own.",
)
ENV = click.option(
    "--env", "env", metavar="NAME[=VALUE]", multiple=True, help="A variable of the environment that Compose may see."
)
NO_SANDBOX = click.option(
    "--no-sandbox",
    is_flag=True,
    help="Run Compose with your own environment, files and network: only for projects that you trust.",
)
JSON_OUTPUT = click.option("--json", "as_json", is_flag=True, help="Print JSON for machines.")


def takes_policy(command: _Command) -> _Command:
    """What the command judges by."""
    return SCHEMAS(PROFILE(command))


def takes_host(command: _Command) -> _Command:
    """The daemon and the host that the command judges for."""
    return DOCKER_HOST(HOST_ROOT(DAEMON_CONFIG(command)))


def takes_compose(command: _Command) -> _Command:
    """How the command runs Docker Compose."""
    return PROJECT_ROOT(ENV(NO_SANDBOX(command)))


def takes_format(*forms: str) -> Callable[[_Command], _Command]:
    """In which of these forms the command prints; without the option in the first."""
    return click.option("--format", "form", type=click.Choice(forms), default=forms[0], show_default=True)


# What this rule finds depends on who owns folders on the host.
_OF_OWNERS = "no-swappable-sources"


def settings(given: Given) -> Settings:
    """The settings under the environment and these options; an option that is not given is None or empty."""
    used = {field: value for field, value in given.items() if value is not None and value != ()}
    options = {field: value if isinstance(value, str) else ":".join(value) for field, value in used.items()}
    try:
        return Settings.read(os.environ, options, os.geteuid())
    except InvalidSettings as error:
        give_up(error.faults)


def judge(settings: Settings) -> Judge:
    """The judge under these settings."""
    try:
        return judge_of(settings)
    except LoadError as error:
        give_up(error.faults)


def judge_elsewhere(settings: Settings) -> Judge:
    """The judge of requests that may be meant for another host than this one.

    Unless --host-root is given, what depends on the owners of this machine's folders is reported, not refused.
    """
    judging = judge(settings)
    return judging if settings.host_root != "auto" else replace(judging, policy=judging.policy.report(_OF_OWNERS))


def variables(given: Sequence[str], environ: Mapping[str, str]) -> dict[str, str]:
    """What --env names: NAME=VALUE, or NAME with the value that it has here."""
    pairs = [
        (name, value if sign else environ.get(name)) for name, sign, value in (each.partition("=") for each in given)
    ]
    return {name: value for name, value in pairs if name and value is not None}


def give_up(faults: Sequence[str]) -> NoReturn:
    """One line a fault, and exit status 2."""
    show_lines((f"portero: {fault}" for fault in faults), err=True)
    sys.exit(ERROR)
