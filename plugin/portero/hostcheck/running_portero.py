"""Asks the running Portero about itself over its socket. OSError: no answer; ValueError: not an answer of Portero."""

import http.client
import json
from pathlib import Path

from portero.types import JSON
from portero.unixhttp import UnixConnection

_TIMEOUT_SECONDS = 5.0


def ask_status(socket: Path) -> dict[str, JSON]:
    """The full status."""
    connection = UnixConnection(socket, _TIMEOUT_SECONDS)
    try:
        connection.request("GET", "/status")
        answer = connection.getresponse()
        report: JSON = json.loads(answer.read())
    except http.client.HTTPException as error:
        raise ValueError("not answered in HTTP") from error
    finally:
        connection.close()
    if answer.status != http.client.OK or not isinstance(report, dict) or "attention" not in report:
        raise ValueError("not a status of portero")
    return report


def ask_metrics(socket: Path) -> bytes:
    """The metrics, as Prometheus reads them."""
    connection = UnixConnection(socket, _TIMEOUT_SECONDS)
    try:
        connection.request("GET", "/metrics")
        return connection.getresponse().read()
    except http.client.HTTPException as error:
        raise ValueError("not answered in HTTP") from error
    finally:
        connection.close()


def count_decisions(socket: Path) -> int:
    """How many requests it has decided since its start."""
    decisions = ask_status(socket).get("decisions")
    if not isinstance(decisions, dict):
        raise ValueError("a status without decisions")
    return sum(number for number in decisions.values() if isinstance(number, int))
