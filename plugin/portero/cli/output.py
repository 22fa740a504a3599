"""All that commands print goes through here: names and texts of others must not steer a terminal or forge a line."""

import json
import re
from collections.abc import Iterable, Mapping, Sequence

import click

from portero.spelling import printable

_UNUSUAL = re.compile(r"[^\x20-\x7e\n]")


def show_lines(lines: Iterable[str], *, err: bool = False) -> None:
    """Print each text as one line; whatever is not printable is a question mark."""
    for line in lines:
        click.echo(printable(line), err=err)


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
