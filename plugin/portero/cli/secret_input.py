"""Reads a token from standard input: an argument would stay in the shell's history and in the list of processes.

Reads a private key of `portero keygen`, which only its owner may be able to read.
"""

import os
import stat
import sys
from pathlib import Path

import click

from portero.cli import options
from portero.identity.tokens import read_parts
from portero.refusals import Refused
from portero.signing import signature
from portero.signing.signature import KeyRefused, PrivateKey
from portero.values.json_types import JSON

_LONGEST = 1 << 16


def read_token() -> str:
    """The token on standard input, hidden when it is typed; white space around it is left out."""
    if sys.stdin.isatty():
        return str(click.prompt("Token", hide_input=True, err=True)).strip()
    return sys.stdin.read(_LONGEST).strip()


def read_claims(token: str) -> dict[str, JSON]:
    """What the token says, on its own word; ends the process for what is none, without a part of it."""
    try:
        return read_parts(token)[1]
    except Refused as refused:
        options.give_up([f"not a token: {refused.refusal.reason}"])


def read(file: Path) -> PrivateKey:
    """The key in a file; ends the process with one sentence where it cannot be used."""
    try:
        with file.open("rb") as opened:
            mode = os.fstat(opened.fileno()).st_mode
            text = opened.read()
        if stat.S_IMODE(mode) & 0o077:
            options.give_up([f"{file}: others can read this private key: chmod 600 it, or make a new one"])
        return signature.private_key(text)
    except OSError as error:
        options.give_up([f"{file}: {error.strerror}; make a key with `portero keygen`"])
    except KeyRefused as refused:
        options.give_up([f"{file}: {refused}"])
