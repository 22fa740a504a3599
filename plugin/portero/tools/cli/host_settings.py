"""The settings of a command on this host, and by which policy it judges, in a line."""

import click

from portero.serve.settings.settings import InvalidSettings
from portero.tools.hostcheck.policy_source import HostSettings, choose
from portero.tools.terminal import options
from portero.tools.terminal.output import show_lines


def load_host_settings(given: options.Given) -> HostSettings:
    """The settings of a command that judges: where Portero runs on this host, its settings come before the defaults.

    Its policy is the one in force there, unless the environment or these options name another.
    """
    with options.give_up_on(InvalidSettings):
        return choose(options.list_given(given))


def show_source(settings: HostSettings) -> None:
    """Say by which policy it judges, once in a command."""
    line = f"portero: {settings.source.describe(settings)}"
    context = click.get_current_context(silent=True)
    shown: set[str] = context.meta.setdefault(__name__, set()) if context is not None else set()
    if line not in shown:
        shown.add(line)
        show_lines([line], err=True)
