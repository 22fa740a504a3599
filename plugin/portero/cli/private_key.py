"""Reads a private key of `portero keygen`, which only its owner may be able to read."""

import os
import stat
from pathlib import Path

from portero.cli import options
from portero.signing import signature
from portero.signing.signature import KeyRefused, PrivateKey


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
