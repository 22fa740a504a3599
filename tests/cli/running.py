"""Runs a command of portero in this process."""

from click.testing import CliRunner, Result

from portero.cli import main


def portero(*arguments: object, text: bytes | str | None = None, **environ: str) -> Result:
    """The result of the command line; no plugin answers unless the environment names one."""
    environ = {"PORTERO_SOCKET": "/nowhere.sock"} | environ
    return CliRunner().invoke(main, [*map(str, arguments)], input=text, env=environ)
