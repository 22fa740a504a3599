"""Reads a token from standard input: an argument would stay in the shell's history and in the list of processes."""

import sys

import click

from portero.cli import options
from portero.identity.tokens import peek
from portero.refusals import Refused
from portero.types import JSON

_LONGEST = 1 << 16


def read_token() -> str:
    """The token on standard input, hidden when it is typed; white space around it is left out."""
    if sys.stdin.isatty():
        return str(click.prompt("Token", hide_input=True, err=True)).strip()
    return sys.stdin.read(_LONGEST).strip()


def read_claims(token: str) -> dict[str, JSON]:
    """What the token says, on its own word; ends the process for what is none, without a part of it."""
    try:
        return peek(token)[1]
    except Refused as refused:
        options.give_up([f"not a token: {refused.refusal.reason}"])
