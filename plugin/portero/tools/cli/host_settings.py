"""The settings of a command on this host, and by which policy it judges, in a line."""

import click

from portero.decide.values.dataclass import replace
from portero.serve.settings.settings import InvalidSettings
from portero.tools.hostcheck.policy_source import HostSettings, choose
from portero.tools.terminal import options
from portero.tools.terminal.output import show_lines


def load_host_settings(given: options.Given) -> HostSettings:
    """The settings of a command that judges: where Portero runs on this host, its settings come before the defaults.

    Its policy is the one in force there, unless the environment or these options name another.
    """
    folders = given.get("schemas") or ()
    names: dict[str, str] = {}
    if any("://" in folder for folder in folders):
        # The network and `cryptography` are loaded for it alone.
        from portero.tools.cli.fetched_bundle import unpack_policy

        trusting = load_host_settings({"trusted_keys": given.get("trusted_keys")})
        names = dict(unpack_policy(one, trusting) if "://" in one else (one, one) for one in folders)
    elif folders and given.get("trusted_keys"):
        options.give_up(["--trusted: is for a bundle (--policy oci://…); portero bundle verify checks a folder"])
    with options.give_up_on(InvalidSettings):
        chosen = choose(options.list_given({**given, "schemas": tuple(names) or folders}))
    return replace(chosen, source=replace(chosen.source, names=tuple(names.values())))


def show_source(settings: HostSettings) -> None:
    """Say by which policy it judges, once in a command."""
    line = f"portero: {settings.source.describe(settings)}"
    context = click.get_current_context(silent=True)
    shown: set[str] = context.meta.setdefault(__name__, set()) if context is not None else set()
    if line not in shown:
        shown.add(line)
        show_lines([line], err=True)
