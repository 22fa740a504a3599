"""Reads files line by line, as they are or through gzip, with a bar on a terminal: the long ones need no memory."""

import os
import sys
import zlib
from collections.abc import Iterator
from gzip import GzipFile
from typing import IO, cast

import click

from portero.cli import options
from portero.recording.request_files import STANDARD_INPUT
from portero.values.spelling import make_printable


class _File(click.Path):
    """A file that can be read. Click alone says that one does not exist where only root may look."""

    def convert(
        self, value: str | os.PathLike[str], param: click.Parameter | None, ctx: click.Context | None
    ) -> str | bytes | os.PathLike[str]:
        try:
            os.stat(value)
        except PermissionError as error:
            self.fail(f"'{os.fspath(value)}': {error.strerror}; run it as root", param, ctx)
        except OSError:
            pass  # click names it
        return super().convert(value, param, ctx)


FILE = _File(exists=True, dir_okay=False, allow_dash=True)

_MOVES_EVERY = 500


def lines(file: str, longest: int) -> Iterator[bytes]:
    """Every line; a longer one comes in parts of that length, which nothing can parse."""
    try:
        with click.open_file(file, "rb") as opened:
            raw = cast(IO[bytes], opened)
            text = cast(IO[bytes], GzipFile(fileobj=raw)) if file.endswith(".gz") else raw
            found = iter(lambda: text.readline(longest), b"")
            is_shown = file != STANDARD_INPUT and sys.stderr.isatty()
            yield from _shown(file, raw, found) if is_shown else found
    except (OSError, EOFError, zlib.error) as error:
        options.give_up([f"{file}: {getattr(error, 'strerror', '') or 'truncated, or not a gzip file'}"])


def _shown(file: str, raw: IO[bytes], found: Iterator[bytes]) -> Iterator[bytes]:
    size, done = os.fstat(raw.fileno()).st_size, 0
    with click.progressbar(length=size, label=make_printable(file), file=sys.stderr) as bar:
        for number, line in enumerate(found):
            if number % _MOVES_EVERY == 0:
                bar.update(raw.tell() - done)
                done = raw.tell()
            yield line
        bar.update(size - done)
