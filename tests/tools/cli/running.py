"""Runs a command of portero in this process."""

import json
from typing import Any

from click.testing import CliRunner, Result

from portero.tools.cli import main


def portero(*arguments: object, text: bytes | str | None = None, **environ: str) -> Result:
    """The result of the command line; no plugin answers unless the environment names one."""
    environ = {"PORTERO_SOCKET": "/nowhere.sock"} | environ
    return CliRunner().invoke(main, [*map(str, arguments)], input=text, env=environ)


def fault_of(result: Result) -> str:
    """What a command says that ends with status 2: that it could not be run, and why."""
    assert result.exit_code == 2
    return result.stderr


def read_json(result: Result) -> Any:
    """What a command says to machines."""
    return json.loads(result.stdout)


def refused(result: Result) -> dict[str, set[str]]:
    """The refusing rules of each line of JSON, by what was judged."""
    lines = [json.loads(line) for line in result.output.splitlines()]
    return {line["file"]: {v["rule"] for v in line["violations"] if v["action"] == "deny"} for line in lines}


def check(*words: object, profile: str = "baseline") -> Result:
    return portero("check", "--host-root", "none", "--profile", profile, *words)
