"""Reads files line by line, as they are or through gzip, with a bar on a terminal: the long ones need no memory."""

import os
import sys
import zlib
from collections.abc import Iterator
from gzip import GzipFile
from typing import IO, cast

import click

from portero.cli import options
from portero.spelling import printable

FILE = click.Path(exists=True, dir_okay=False, allow_dash=True)

_STANDARD_INPUT = "-"
_MOVES_EVERY = 500


def lines(file: str, longest: int) -> Iterator[bytes]:
    """Every line; a longer one comes in pieces of that length, which nothing can parse."""
    try:
        with click.open_file(file, "rb") as opened:
            raw = cast(IO[bytes], opened)
            text = cast(IO[bytes], GzipFile(fileobj=raw)) if file.endswith(".gz") else raw
            pieces = iter(lambda: text.readline(longest), b"")
            yield from pieces if file == _STANDARD_INPUT or not sys.stderr.isatty() else _shown(file, raw, pieces)
    except (OSError, EOFError, zlib.error) as error:
        options.give_up([f"{file}: {getattr(error, 'strerror', '') or 'truncated, or not a gzip file'}"])


def _shown(file: str, raw: IO[bytes], pieces: Iterator[bytes]) -> Iterator[bytes]:
    size, done = os.fstat(raw.fileno()).st_size, 0
    with click.progressbar(length=size, label=printable(file), file=sys.stderr) as bar:
        for number, piece in enumerate(pieces):
            if number % _MOVES_EVERY == 0:
                bar.update(raw.tell() - done)
                done = raw.tell()
            yield piece
        bar.update(size - done)
