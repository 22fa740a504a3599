"""The command line: `portero COMMAND`. Exit status everywhere: 0 all allowed, 1 something is refused, 2 error."""

from collections.abc import Mapping
from importlib import import_module

import click

from portero import __version__, operational_log

__all__ = ["main"]

# Where each command is: its module here and its name in it.
_COMMANDS: Mapping[str, tuple[str, str]] = {
    "check": ("check", "check"),
    "explain": ("explain", "explain"),
    "host": ("host", "host"),
    "init": ("init", "init"),
    "keygen": ("sign", "keygen"),
    "record": ("record", "record"),
    "replay": ("replay", "replay"),
    "report": ("report", "report"),
    "rules": ("rules", "rules"),
    "scan": ("scan", "scan"),
    "schemas": ("schemas", "schemas"),
    "serve": ("serve", "serve"),
    "sign": ("sign", "sign"),
    "status": ("status", "status"),
    "suggest": ("suggest", "suggest"),
    "test": ("test_command", "prove"),
    "try": ("try_command", "tryout"),
    "verify": ("sign", "verify"),
}


class _Commands(click.Group):
    """Imports a command when it is asked for: dockerd waits for `serve`, which needs nothing of the others."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _COMMANDS:
            return None
        module, name = _COMMANDS[cmd_name]
        command: click.Command = getattr(import_module(f"portero.cli.{module}"), name)
        return command


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="portero", message="%(prog)s %(version)s")
def main() -> None:
    """Admission webhook for plain Docker: every refusal with its reason and its remedy."""
    operational_log.start()
