"""Asks the running Portero about itself over its socket. OSError: no answer; ValueError: not an answer of Portero."""

from http import HTTPStatus
from pathlib import Path

from portero.dockerd.unix_http import exchange
from portero.values.json_fields import to_object
from portero.values.json_objects import load_json
from portero.values.json_types import JSON

_TIMEOUT_SECONDS = 5.0
_MAX_ANSWER_BYTES = 64 << 20


def ask_status(socket: Path) -> dict[str, JSON]:
    """The full status."""
    return _ask(socket, "/status", "attention")


def ask_policy(socket: Path) -> dict[str, JSON]:
    """The policy that is in force and the settings (status/policy_page.py)."""
    return _ask(socket, "/policy", "settings")


def count_decisions(socket: Path) -> int:
    """How many requests it has decided since its start."""
    decisions = ask_status(socket).get("decisions")
    if not isinstance(decisions, dict):
        raise ValueError("a status without decisions")
    return sum(number for number in decisions.values() if isinstance(number, int))


def _ask(socket: Path, page: str, has: str) -> dict[str, JSON]:
    status, answer = exchange(socket, _TIMEOUT_SECONDS, "GET", page, max_bytes=_MAX_ANSWER_BYTES)
    document = to_object(load_json(answer))
    if status != HTTPStatus.OK or has not in document:
        raise ValueError("not an answer of portero")
    return document
