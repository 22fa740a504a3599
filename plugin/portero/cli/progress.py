"""A bar on the terminal while long work goes on; nothing where there is no terminal."""

import sys
from collections.abc import Iterator, Sequence
from typing import TypeVar

import click

from portero.spelling import printable

Item = TypeVar("Item")


def shown(items: Sequence[Item], label: str) -> Iterator[Item]:
    """The items one by one, with a bar that moves as they are taken."""
    if not sys.stderr.isatty():
        yield from items
        return
    with click.progressbar(items, label=printable(label), file=sys.stderr) as bar:
        yield from bar
