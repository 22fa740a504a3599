"""The commands, each imported when it runs."""

import gc
from collections.abc import Mapping
from importlib import import_module

import click

from portero import __version__
from portero.serve.application import operational_log
from portero.tools.terminal.output import NO_COLOR, CommandFailed, end_with_reader, show_lines

# By group, each command: its module here, its name in it, and its line in `portero --help`.
_GROUPS: Mapping[str, Mapping[str, tuple[str, str, str]]] = {
    "Try": {
        "try": ("try_command", "tryout", "Run a docker or docker-compose command against a stand-in."),
        "check": ("check", "check", "Judge the requests in files, without a daemon."),
        "explain": ("explain", "explain", "Explain a rule, a refusal code or a decision."),
        "test": ("test_command", "prove", "Run the examples of every rule."),
        "replay": ("replay", "replay", "Run recorded requests through a policy."),
    },
    "Policy": {
        "init": ("init", "init", "Write a site folder, a rule to begin with, or a list of images."),
        "suggest": ("suggest", "suggest", "Suggest site values and exceptions."),
        "scan": ("scan", "scan", "Judge what exists on a daemon."),
        "host": ("host_command", "host", "Check this host: kernel, dockerd, its users."),
        "report": ("report", "report", "Turn decision logs into one HTML page."),
    },
    "Callers": {
        "login": ("login", "login", "Let docker send a token with every request."),
        "token": ("token", "token", "Make and check tokens of callers."),
        "certs": ("certs", "certs", "Make certificates for dockerd's TLS."),
        "keygen": ("sign", "keygen", "Make a key for signing policy folders or tokens."),
        "door": ("door", "door", "Manage Docker sockets for each user and tool."),
    },
    "Fleet": {
        "bundle": ("bundle", "bundle", "Bring signed policy to many hosts."),
        "images": ("images", "images", "Fetch signatures of images, see which may run."),
        "devices": ("devices_command", "devices", "Keep dockerd from opening devices."),
    },
    "Service": {
        "serve": ("serve_command", "serve", "Answer dockerd on the plugin socket."),
        "status": ("status_command", "status", "Ask the running plugin for its status."),
        "help": ("help_command", "show_help", "Show the help of a command, or a page of the documentation."),
        "version": ("help_command", "version", "Print the version."),
        "completion": ("help_command", "completion", "Print what completes commands in a shell."),
    },
}
_COMMANDS = {name: command for group in _GROUPS.values() for name, command in group.items()}
# Scripts call them still.
_RENAMED: Mapping[str, tuple[str, ...]] = {
    "new": ("init",),
    "record": ("serve", "--record"),
    "rules": ("explain",),
    "schemas": ("init", "schemas"),
    "sign": ("bundle", "sign"),
    "verify": ("bundle", "verify"),
}
# Its file may stand behind its options, so that it is no mere beginning of another command.
_OLD = {"record": ("serve_command", "record", "")}
_SERVICES = ("serve", "record")


def _add_examples(command: click.Command, path: str) -> None:
    """Below the help of a command and of all its own."""
    rows = import_module("portero.decide.values.tables").read_rows(__file__, "examples.tsv")
    command.epilog = "\n".join(["\b", "Examples:", *(f"  {line}" for name, line in rows if name == path)])
    for name, inner in getattr(command, "commands", {}).items():
        _add_examples(inner, f"{path} {name}")


class _Commands(click.Group):
    """Imports only the command that runs: dockerd waits for `serve`."""

    @end_with_reader()
    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        return super().parse_args(ctx, args)

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _COMMANDS and cmd_name not in _OLD:
            return None
        module, name, _ = (_COMMANDS | _OLD)[cmd_name]
        # A garbage collection while modules load takes a tenth of the time, and frees nothing.
        gc.disable()
        try:
            command: click.Command = getattr(import_module(f"portero.tools.cli.{module}"), name)
        finally:
            # The modules stay, so later collections skip them too.
            gc.freeze()
            gc.enable()
        _add_examples(command, cmd_name)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args[0] in _RENAMED:
            new = _RENAMED[args[0]]
            show_lines([f"portero: `portero {args[0]}` is now `portero {' '.join(new)}`"], err=True)
            args = args if args[0] in _OLD else [*new, *args[1:]]
        if args[0].isidentifier() and args[0] not in (*_COMMANDS, *_OLD):
            cure = import_module("portero.decide.values.spelling").suggest_name(args[0], sorted(_COMMANDS))
            ctx.fail(f"No such command '{args[0]}'{cure}")
        return super().resolve_command(ctx, args)

    @end_with_reader()
    def invoke(self, ctx: click.Context) -> object:
        try:
            return super().invoke(ctx)
        except (click.Abort, KeyboardInterrupt):
            raise CommandFailed("ended before it was done") from None
        except OSError as error:
            # Of what runs for dockerd, the whole trace goes to the journal.
            if error.filename is None or ctx.invoked_subcommand in _SERVICES:
                raise
            raise CommandFailed(f"{error.filename}: {error.strerror}") from None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        for title, group in _GROUPS.items():
            with formatter.section(title):
                formatter.write_dl([(name, line) for name, (_, _, line) in group.items()])


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="portero", message="%(prog)s %(version)s")
@NO_COLOR
def main() -> None:
    """Authorization plugin for Docker: every denial with its reason and its remedy.

    Get Docker back, as root: portero door disable (where there are doors), take portero out of authorization-plugins in
    /etc/docker/daemon.json, systemctl reload docker. More in portero(1), section EMERGENCY.
    """
    operational_log.start()
