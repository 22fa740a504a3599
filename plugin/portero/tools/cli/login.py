"""`portero login`: puts a token into HttpHeaders of docker's config.json, which docker sends to every daemon.

Everything else in the file stays. It is written whole or not at all, and only its owner can read it.
"""

import json
import os
import subprocess
import time
from pathlib import Path

import click

from portero.decide.identity.trusted import TOKEN_HEADER
from portero.decide.values.json_fields import JSON
from portero.decide.values.json_objects import load_object
from portero.decide.values.times import format_instant
from portero.observe.files.whole_files import read_regular_file, replace_file
from portero.tools.recording.request_files import STANDARD_INPUT
from portero.tools.terminal import options
from portero.tools.terminal.output import show_lines
from portero.tools.terminal.secret_input import read_claims, read_token

_HEADERS = "HttpHeaders"
_OWNER_ONLY, _FOLDER_MODE = 0o600, 0o700


def set_header(file: Path, value: str | None) -> bool:
    """Send this token from now on, or none. Whether the file changed. Raises OSError; gives up on an odd file."""
    config = _read_config(file)
    headers = config.get(_HEADERS) or {}
    if not isinstance(headers, dict):
        options.give_up([f"{file}: {_HEADERS} is no object: write it as {{...}}, or remove it"])
    # dockerd takes the last of those that differ in case only.
    others = {name: text for name, text in headers.items() if name.lower() != TOKEN_HEADER.lower()}
    if value is None and len(others) == len(headers):
        return False
    changed: dict[str, JSON] = others if value is None else {**others, TOKEN_HEADER: value}
    config = {key: entry for key, entry in config.items() if key != _HEADERS} | ({_HEADERS: changed} if changed else {})
    file.parent.mkdir(mode=_FOLDER_MODE, parents=True, exist_ok=True)
    replace_file(file, json.dumps(config, indent="\t").encode() + b"\n", _OWNER_ONLY)
    return True


def _read_config(file: Path) -> dict[str, JSON]:
    try:
        content = read_regular_file(file)
    except FileNotFoundError:
        return {}
    try:
        # docker reads an empty file as an empty configuration.
        return load_object(content or b"{}")
    except ValueError:
        options.give_up([f"{file}: is no JSON object: fix it, or move it away"])


@click.command()
@click.option("--token", "source", metavar="-", help="Read the token from standard input: write -.")
@click.option("--command", metavar="CMD", help="Take the output of this shell command. Run login again to renew it.")
@click.option("--logout", is_flag=True, help="Send no token any more.")
@click.option("--config", "folder", metavar="DIR", help="The folder of config.json (DOCKER_CONFIG or ~/.docker).")
def login(source: str | None, command: str | None, logout: bool, folder: str | None) -> None:
    """Let docker send a token with every request: writes HttpHeaders in its config.json, for its owner alone.

    docker and compose then send it to every daemon that they talk to, whatever the context, but buildx does not. It is
    a bearer token: a program that reads it can act as its user until it expires.
    """
    if sum(map(bool, (source, command, logout))) != 1 or source not in (None, STANDARD_INPUT):
        options.give_up(["name one of --token - (standard input), --command CMD and --logout"])
    file = Path(folder or os.environ.get("DOCKER_CONFIG") or "~/.docker").expanduser() / "config.json"
    failures = options.explain_os_errors(file, "name another folder with --config")
    if logout:
        with failures:
            changed = set_header(file, None)
        show_lines([f"{file}: {'no token is sent any more' if changed else 'had no token'}"])
        return
    if not command:
        value = read_token()
    else:
        done = subprocess.run(["/bin/sh", "-c", command], stdout=subprocess.PIPE, check=False)  # noqa: S603 - the user's
        if done.returncode != 0:
            options.give_up([f"--command: ended with status {done.returncode}: run it by itself to see why"])
        value = done.stdout.decode(errors="replace").strip()
    claims = read_claims(value)
    end = claims.get("exp")
    if not isinstance(end, int | float) or not time.time() < end < 1 << 36:
        options.give_up(["the token has expired, or does not say when it ends: get a new one"])
    with failures:
        set_header(file, value)
    show_lines([f"{file}: docker sends the token of {claims.get('iss')} until {format_instant(float(end))}"])
