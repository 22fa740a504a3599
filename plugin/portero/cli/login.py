"""`portero login`: puts a token into the configuration of the docker command line, which sends it to every daemon."""

import os
import subprocess
import time
from pathlib import Path

import click

from portero.cli import options
from portero.cli.docker_headers import InvalidDockerConfig, set_header
from portero.cli.lines import STANDARD_INPUT
from portero.cli.output import show_lines
from portero.cli.token_input import read_claims, read_token
from portero.identity.caller import TOKEN_HEADER
from portero.instants import instant


@click.command()
@click.option("--token", "source", metavar="-", help="Read the token from standard input: write -.")
@click.option("--command", metavar="CMD", help="Take what this shell command prints; run login again to renew it.")
@click.option("--logout", is_flag=True, help="Send no token any more.")
@click.option("--config", "folder", metavar="DIR", help="The folder of config.json; DOCKER_CONFIG or ~/.docker.")
def login(source: str | None, command: str | None, logout: bool, folder: str | None) -> None:
    """Let docker send a token with every request: writes HttpHeaders in its config.json, for its owner alone.

    docker and compose then send it to every daemon that they talk to, whatever the context; buildx does not. It is a
    bearer token: a program that reads it can act as its user until it expires.
    """
    if sum(map(bool, (source, command, logout))) != 1 or source not in (None, STANDARD_INPUT):
        options.give_up(["name one of --token - (standard input), --command CMD and --logout"])
    file = Path(folder or os.environ.get("DOCKER_CONFIG") or "~/.docker").expanduser() / "config.json"
    if logout:
        changed = _set_header(file, None)
        show_lines([f"{file}: {'no token is sent any more' if changed else 'had no token'}"])
        return
    value = _run(command) if command else read_token()
    claims = read_claims(value)
    end = claims.get("exp")
    if not isinstance(end, int | float) or not time.time() < end < 1 << 36:
        options.give_up(["the token has expired, or does not say when it ends: get a new one"])
    _set_header(file, value)
    show_lines([f"{file}: docker sends the token of {claims.get('iss')} until {instant(float(end))}"])


def _set_header(file: Path, value: str | None) -> bool:
    try:
        return set_header(file, TOKEN_HEADER, value)
    except InvalidDockerConfig as invalid:
        options.give_up([str(invalid)])
    except OSError as error:
        options.give_up([f"{file}: {error.strerror}; name another folder with --config"])


def _run(command: str) -> str:
    done = subprocess.run(["/bin/sh", "-c", command], stdout=subprocess.PIPE, check=False)  # noqa: S603 - the user's own
    if done.returncode != 0:
        options.give_up([f"--command: ended with status {done.returncode}: run it by itself to see why"])
    return done.stdout.decode(errors="replace").strip()
