"""`portero status`: asks the running plugin how it is."""

import http.client
import json
import sys
from pathlib import Path

import click

from portero.cli import options
from portero.types import JSON
from portero.unixhttp import UnixConnection

_TIMEOUT_SECONDS = 5.0


@click.command()
@options.SOCKET
@options.JSON_OUTPUT
def status(as_json: bool, **said: str | None) -> None:
    """Ask the running plugin for its status.

    Exit status 1: it runs but enforces nothing (mode audit), or its last reload was refused; 2: nobody answers.
    """
    settings = options.settings(said)
    try:
        report = _asked(settings.socket)
    except (OSError, http.client.HTTPException, ValueError) as error:
        why = (error.strerror if isinstance(error, OSError) else "") or "what answers there is not portero"
        options.give_up([f"{settings.socket}: no status ({why}); start `portero serve`, or name its socket"])
    click.echo(json.dumps(report, indent=2) if as_json else _table(report))
    sys.exit(options.REFUSED if report["mode"] == "audit" or report["reloadFaults"] else options.ALLOWED)


def _asked(path: Path) -> dict[str, JSON]:
    connection = UnixConnection(path, _TIMEOUT_SECONDS)
    try:
        connection.request("GET", "/status")
        answer = connection.getresponse()
        report: JSON = json.loads(answer.read())
    finally:
        connection.close()
    if answer.status != http.client.OK or not isinstance(report, dict) or not {"mode", "reloadFaults"} <= report.keys():
        raise ValueError("not a status of portero")
    return report


def _table(report: dict[str, JSON]) -> str:
    width = max(map(len, report))
    return "\n".join(f"{name:<{width}}  {_text(value)}" for name, value in report.items())


def _text(value: JSON) -> str:
    if isinstance(value, list):
        return "; ".join(map(_text, value)) or "none"
    if isinstance(value, dict):
        return ", ".join(f"{name} {_text(inner)}" for name, inner in value.items()) or "none"
    return str(value) or "none"
