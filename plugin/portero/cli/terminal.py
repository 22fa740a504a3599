"""A reader that has seen enough, as head has, ends a command as it ends other tools: by SIGPIPE, 141 to a shell.

All that commands print goes through here: names and texts of others must not steer a terminal or forge a line.

A bar on the terminal while long work goes on; nothing where there is no terminal.
"""

import json
import os
import re
import select
import signal
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TextIO, TypeVar

import click

from portero.values.spelling import make_printable


@contextmanager
def ended_by_its_reader() -> Iterator[None]:
    """End the process where its block could not write, since the reader of its output is gone.

    Other pipes and sockets that break are an error like any other. Python ignores SIGPIPE, and `portero serve` must.
    """
    try:
        yield
    except BrokenPipeError:
        if not any(map(_has_no_reader, (sys.stdout, sys.stderr))):
            raise
        signal.signal(signal.SIGPIPE, signal.SIG_DFL)
        os.kill(os.getpid(), signal.SIGPIPE)


def _has_no_reader(stream: TextIO) -> bool:
    try:
        number = stream.fileno()
    except OSError:  # not a file
        return False
    poll = select.poll()
    poll.register(number, 0)
    return any(happened & select.POLLERR for _, happened in poll.poll(0))


_UNUSUAL = re.compile(r"[^\x20-\x7e\n]")


def show_lines(lines: Iterable[str], *, err: bool = False) -> None:
    """Print each text as one line; whatever is not printable is a question mark."""
    for line in lines:
        click.echo(make_printable(line), err=err)


def show_text(text: str, *, err: bool = False) -> None:
    """Print a text of several lines."""
    show_lines(text.expandtabs().removesuffix("\n").split("\n"), err=err)


def show_json(document: Mapping[str, object] | Sequence[object], indent: int | None = 2) -> None:
    """Print a JSON document; what is not printable is escaped, so that the document keeps its meaning."""
    text = json.dumps(document, indent=indent, ensure_ascii=False)
    click.echo(_UNUSUAL.sub(_escape, text))


def _escape(found: re.Match[str]) -> str:
    char = found[0]
    return char if char.isprintable() else json.dumps(char)[1:-1]


Item = TypeVar("Item")


def shown(items: Sequence[Item], label: str) -> Iterator[Item]:
    """The items one by one, with a bar that moves as they are taken."""
    if not sys.stderr.isatty():
        yield from items
        return
    with click.progressbar(items, label=make_printable(label), file=sys.stderr) as bar:
        yield from bar
