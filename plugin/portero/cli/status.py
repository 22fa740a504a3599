"""`portero status`: asks the running plugin how it is."""

import http.client
import json
import sys
from collections.abc import Iterator
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

    Exit status 1: somebody has to see to it, as `attention` says: nothing is enforced (mode audit), the last reload was
    refused, an exception has run out or soon will. 2: nobody answers.
    """
    settings = options.settings(said)
    try:
        report = asked(settings.socket)
    except (OSError, http.client.HTTPException, ValueError) as error:
        why = (error.strerror if isinstance(error, OSError) else "") or "what answers there is not portero"
        options.give_up([f"{settings.socket}: no status ({why}); start `portero serve`, or name its socket"])
    click.echo(json.dumps(report, indent=2) if as_json else _table(report))
    sys.exit(options.REFUSED if report["attention"] else options.ALLOWED)


def asked(path: Path) -> dict[str, JSON]:
    """What the running plugin tells of itself. Raises OSError, HTTPException, ValueError."""
    connection = UnixConnection(path, _TIMEOUT_SECONDS)
    try:
        connection.request("GET", "/status")
        answer = connection.getresponse()
        report: JSON = json.loads(answer.read())
    finally:
        connection.close()
    if answer.status != http.client.OK or not isinstance(report, dict) or "attention" not in report:
        raise ValueError("not a status of portero")
    return report


def _table(report: dict[str, JSON]) -> str:
    width = max(map(len, report)) + 2
    return "\n".join(line for name, value in report.items() for line in _rows(name, value, width))


def _rows(name: str, value: JSON, width: int) -> Iterator[str]:
    """A line for each entry of a list: faults and exceptions are long."""
    first, *others = value if isinstance(value, list) and value else [value]
    yield f"{name:<{width}}{_text(first)}"
    yield from (f"{'':<{width}}{_text(other)}" for other in others)


def _text(value: JSON) -> str:
    if isinstance(value, list):
        return " ".join(map(_text, value)) or "none"
    if isinstance(value, dict):
        return ", ".join(f"{name} {_text(inner)}" for name, inner in value.items()) or "none"
    return str(value) or "none"
