"""Runs a command of portero in this process."""

from unittest.mock import patch

from click.testing import CliRunner, Result

from portero.cli import main, options


def portero(*arguments: object, text: bytes | str | None = None, **environ: str) -> Result:
    """The result of the command line; no plugin answers unless the environment names one."""
    with patch.object(options, "say_source", lambda settings: None):
        return say_all(*arguments, text=text, **environ)


def say_all(*arguments: object, text: bytes | str | None = None, **environ: str) -> Result:
    """The same, with the line that says by which policy a command judges."""
    environ = {"PORTERO_SOCKET": "/nowhere.sock"} | environ
    return CliRunner().invoke(main, [*map(str, arguments)], input=text, env=environ)
