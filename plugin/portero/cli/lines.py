"""Reads files line by line or in pieces of many lines, as they are or through gzip, with a bar on a terminal: the long
ones need no memory.
"""

import io
import os
import sys
import zlib
from collections.abc import Callable, Iterable, Iterator
from gzip import GzipFile
from itertools import chain, repeat
from typing import IO, cast

import click

from portero.cli import options
from portero.spelling import printable


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

STANDARD_INPUT = "-"
_MOVES_EVERY = 500
_PIECE = 16 << 20
# What part of a piece the first one is.
_FIRST = 32


def lines(file: str, longest: int) -> Iterator[bytes]:
    """Every line; a longer one comes in parts of that length, which nothing can parse."""
    return _read(file, lambda opened: opened.readline(longest), _MOVES_EVERY)


def pieces(file: str, longest: int, size: int = _PIECE) -> Iterator[bytes]:
    """The file in pieces of about this size, but for a small first one: each is some lines as `lines` finds them."""
    sizes = chain([max(1, size // _FIRST)], repeat(size))
    return _cut(_read(file, lambda opened: opened.read(next(sizes)), 1), longest)


def lines_of(piece: bytes, longest: int) -> Iterator[bytes]:
    """The lines of a piece, as `lines` finds them."""
    opened = io.BytesIO(piece)
    return iter(lambda: opened.readline(longest), b"")


def _cut(blocks: Iterable[bytes], longest: int) -> Iterator[bytes]:
    left = b""
    for block in blocks:
        end = block.rfind(b"\n") + 1
        if not end:
            # Without the end of a line, where `lines` cuts it.
            whole = len(left) + len(block)
            end = max(0, whole - whole % longest - len(left))
        if end:
            # Joined at once: a copy of a block takes as long as to read it.
            yield b"".join((left, memoryview(block)[:end]))
            left = block[end:]
        else:
            left += block
    if left:
        yield left


def _read(file: str, read: Callable[[IO[bytes]], bytes], moves_every: int) -> Iterator[bytes]:
    try:
        with click.open_file(file, "rb") as opened:
            raw = cast(IO[bytes], opened)
            text = cast(IO[bytes], GzipFile(fileobj=raw)) if file.endswith(".gz") else raw
            parts = iter(lambda: read(text), b"")
            is_shown = file != STANDARD_INPUT and sys.stderr.isatty()
            yield from _shown(file, raw, parts, moves_every) if is_shown else parts
    except (OSError, EOFError, zlib.error) as error:
        options.give_up([f"{file}: {getattr(error, 'strerror', '') or 'truncated, or not a gzip file'}"])


def _shown(file: str, raw: IO[bytes], parts: Iterator[bytes], moves_every: int) -> Iterator[bytes]:
    size, done = os.fstat(raw.fileno()).st_size, 0
    with click.progressbar(length=size, label=printable(file), file=sys.stderr) as bar:
        for number, part in enumerate(parts):
            if number % moves_every == 0:
                bar.update(raw.tell() - done)
                done = raw.tell()
            yield part
        bar.update(size - done)
