"""Reads files line by line, plain or gzip, with a progress bar on a terminal; adds up decision logs."""

import os
import sys
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from gzip import GzipFile
from io import BufferedReader
from typing import IO, cast

import click

from portero.decide.values.spelling import make_printable
from portero.observe.files.whole_files import open_now
from portero.tools.recording.request_files import STANDARD_INPUT
from portero.tools.terminal import options

_COMMANDS = ("docker", "docker-compose")


class _File(click.Path):
    """A file that can be read. Click alone calls one missing where only root may look."""

    def convert(
        self, value: str | os.PathLike[str], param: click.Parameter | None, ctx: click.Context | None
    ) -> str | bytes | os.PathLike[str]:
        try:
            os.stat(value)
        except PermissionError as error:
            if self.exists:
                self.fail(f"'{os.fspath(value)}': {error.strerror}; run it as root", param, ctx)
        except OSError:
            if value in _COMMANDS:
                self.fail(f"'{value}' is no file; portero try -- {value} ... judges a command", param, ctx)
            # click names it
        return super().convert(value, param, ctx)


FILE = _File(exists=True, dir_okay=False, allow_dash=True)
# One of several, the others of which count where it cannot be read.
READ_LATER = _File(readable=False, allow_dash=True)
FILE_OR_FOLDER = _File(exists=True, allow_dash=True)

_LINES_PER_STEP = 500


@contextmanager
def open_input(file: str) -> Iterator[IO[bytes]]:
    """The file, or standard input, to be read; a pipe without a writer is empty. Raises OSError."""
    if file == STANDARD_INPUT:
        yield sys.stdin.buffer
        return
    with BufferedReader(open_now(file)) as opened:
        yield opened


def read_lines(file: str, max_length: int) -> Iterator[bytes]:
    """Every line; a longer one comes in parts of that length, which no reader can parse."""
    try:
        with open_input(file) as raw:
            text = cast(IO[bytes], GzipFile(fileobj=raw)) if file.endswith(".gz") else raw
            parts = iter(lambda: text.readline(max_length), b"")
            is_shown = file != STANDARD_INPUT and sys.stderr.isatty()
            yield from _show_progress(file, raw, parts) if is_shown else parts
    except (OSError, EOFError, zlib.error) as error:
        options.give_up([f"{file}: {getattr(error, 'strerror', '') or 'truncated, or not a gzip file'}"])


def _show_progress(file: str, raw: IO[bytes], parts: Iterator[bytes]) -> Iterator[bytes]:
    size, done = os.fstat(raw.fileno()).st_size, 0
    with click.progressbar(length=size, label=make_printable(file), file=sys.stderr) as bar:
        for number, line in enumerate(parts):
            if number % _LINES_PER_STEP == 0:
                bar.update(raw.tell() - done)
                done = raw.tell()
            yield line
        bar.update(size - done)
