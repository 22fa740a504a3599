"""Reads tokens and private keys, and creates the files of keys.

A token comes from standard input: an argument would stay in the shell's history and in the list of processes.
"""

import os
import stat
import sys
from pathlib import Path

import click

from portero.decide.identity.key_pairs import PrivateKey, parse_private_key
from portero.decide.identity.tokens import read_parts
from portero.decide.values.json_fields import JSON
from portero.decide.values.refusals import Refused
from portero.observe.files.whole_files import open_now
from portero.tools.terminal import options

_MAX_LENGTH = 1 << 16


def read_token() -> str:
    """The token on standard input, hidden when it is typed; white space around it is left out."""
    if sys.stdin.isatty():
        return str(click.prompt("Token", hide_input=True, err=True)).strip()
    return sys.stdin.buffer.read(_MAX_LENGTH).decode("utf-8", "replace").strip()


def read_claims(token: str) -> dict[str, JSON]:
    """The claims of a token, not verified; gives up on anything else, and repeats no part of it."""
    try:
        return read_parts(token)[1]
    except Refused as refused:
        options.give_up([f"not a token: {refused.refusal.reason}"])


_PUBLIC = b"BEGIN PUBLIC KEY"


def read_key(file: Path) -> PrivateKey:
    """The key in a file that only its owner can read; gives up where it cannot be used."""
    with options.explain_os_errors(file, "make a key with `portero keygen`"), open_now(file) as opened:
        # A device has no end.
        mode, text = os.fstat(opened.fileno()).st_mode, opened.read(_MAX_LENGTH)
    if _PUBLIC in text:
        options.give_up([f"{file}: is the public half of a key: name the private one (--key {file.with_suffix('')})"])
    if stat.S_IMODE(mode) & 0o077:
        options.give_up([f"{file}: others can read this private key: chmod 600 it, or make a new one"])
    cure = "not a private key in PEM (Ed25519, without a passphrase): make one with `portero keygen`"
    return parse_private_key(text) or options.give_up([f"{file}: {cure}"])
