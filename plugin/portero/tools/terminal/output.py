"""Everything that commands print: names and texts of others must not steer a terminal or forge a line.

A reader that ends, as head does, ends the command by SIGPIPE, as it ends other tools.
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

from portero.decide.values.spelling import make_printable

Item = TypeVar("Item")
_UNUSUAL = re.compile(r"[^\x20-\x7e\n]")
# The verdict of a line, and what to type, by their colour on a terminal.
_COLOURS = re.compile(
    r"(?P<red>^DENIED\b|^denied:.*|(?<!\b0 )\bdenied$|^attention +(?!none$| ).*)"
    r"|(?P<green>^allowed\b|^attention +none$)|(?P<yellow>^warning:)|(?P<cyan>^ +try:)"
)


def _drop_colours(context: click.Context, parameter: click.Parameter, is_dropped: bool) -> None:
    if is_dropped or os.environ.get("NO_COLOR"):
        context.color = False


NO_COLOR = click.option(
    "--no-color", is_flag=True, expose_value=False, callback=_drop_colours, help="Print no colors, as NO_COLOR=1 does."
)


@contextmanager
def end_with_reader() -> Iterator[None]:
    """End the process by SIGPIPE where the reader of its output has ended; other broken pipes stay errors.

    Python ignores SIGPIPE, and `portero serve` must.
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


def _print_text(text: str, *, err: bool = False) -> None:
    try:
        click.echo(text, err=err)
    except BrokenPipeError:
        raise
    except OSError as error:  # a full disk
        # What the stream keeps would fail again when the process ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), (sys.stderr if err else sys.stdout).fileno())
        if err:
            # The exit status and standard output still say what was found.
            return
        raise CommandFailed(f"the output cannot be written: {error.strerror}") from None


class CommandFailed(click.ClickException):
    # click's 1 would mean that something is refused.
    exit_code = 2


def show_lines(lines: Iterable[str], *, err: bool = False) -> None:
    """Print each text as one line; whatever is not printable is a question mark."""
    for line in lines:
        # Where it is no terminal, click leaves the colours out.
        painted = _COLOURS.sub(lambda found: click.style(found[0], fg=found.lastgroup), make_printable(line))
        _print_text(painted, err=err)


def show_text(text: str, *, err: bool = False) -> None:
    show_lines(text.expandtabs().removesuffix("\n").split("\n"), err=err)


def make_text(lines: Iterable[str]) -> str:
    """The lines as one text; whatever is not printable is a question mark, so that no line becomes two."""
    return "\n".join(map(make_printable, lines))


def make_json(document: Mapping[str, object] | Sequence[object], indent: int | None = 2) -> str:
    """A JSON document as text; what is not printable is escaped, so that the document keeps its meaning."""
    return _UNUSUAL.sub(_escape, json.dumps(document, indent=indent, ensure_ascii=False))


def show_json(document: Mapping[str, object] | Sequence[object], indent: int | None = 2) -> None:
    _print_text(make_json(document, indent))


def _escape(match: re.Match[str]) -> str:
    char = match[0]
    return char if char.isprintable() else json.dumps(char)[1:-1]


def show_progress(items: Sequence[Item], label: str) -> Iterator[Item]:
    """Yield the items, with a bar where standard error is a terminal."""
    if not sys.stderr.isatty():
        yield from items
        return
    with click.progressbar(items, label=make_printable(label), file=sys.stderr) as bar:
        yield from bar
