"""How plain the prose is: few semicolons, and few clauses that begin with what or who, on pages and in messages."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import pytest

from portero.decide.values.refusals import CODES
from portero.tools.cli import main
from tests.paths import ROOT

# In 100 words, all pages together, and on any page.
MOST_SEMICOLONS, MOST_CLAUSES, MOST_ON_A_PAGE = 0.3, 0.25, 1.0
SHORT = 80
_CLAUSE = re.compile(
    r"(?:^|[.:;,(|\u2013]\s*|\b(?:of|from|for|by|to|and|or|that|but|than|is|are)\s+)(?:what|who|whose|whoever)\b(?!\s*\?)",
    re.IGNORECASE,
)
_RULER = re.compile(r"^\s*\|[-: |]+\|\s*$")
PAGES = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]


def read_prose(text: str) -> str:
    """The text without code, headings, comments and targets of links."""
    text = re.sub(r"^```.*?^```", "", text, flags=re.DOTALL | re.MULTILINE)
    text = re.sub(r"<!--.*?-->|<[^>]+>", "", text, flags=re.DOTALL)
    text = "\n".join(line for line in text.splitlines() if not line.startswith("#") and not _RULER.match(line))
    return re.sub(r"`[^`]*`", "X", re.sub(r"\]\([^)]*\)", "]", text))


def measure(text: str) -> tuple[int, int, int]:
    """Words, semicolons and clauses."""
    return len(re.findall(r"[A-Za-z][\w'-]*", text)), text.count(";"), len(_CLAUSE.findall(text))


def rate(texts: list[str]) -> tuple[float, float]:
    """Semicolons and clauses in 100 words of all texts."""
    words, semicolons, clauses = map(sum, zip(*map(measure, texts), strict=True))
    return 100 * semicolons / words, 100 * clauses / words


def is_written_by_hand(page: Path) -> bool:
    return "generated" not in page.read_text()[:300].lower()


def list_texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for inner in value.values():
            yield from list_texts(inner)


def test_the_pages_are_plain() -> None:
    pages = {page: read_prose(page.read_text()) for page in PAGES if is_written_by_hand(page)}
    semicolons, clauses = rate([*pages.values()])
    rates = {page: rate([text]) for page, text in pages.items() if measure(text)[0] >= SHORT}

    assert semicolons <= MOST_SEMICOLONS
    assert clauses <= MOST_CLAUSES
    assert {page.name: found for page, found in rates.items() if max(found) > MOST_ON_A_PAGE} == {}


@pytest.mark.parametrize("folder", ["rules", "host"])
def test_the_texts_of_rules_are_plain(folder: str) -> None:
    written = [json.loads(file.read_text()) for file in (ROOT / "schemas" / folder).glob("*/*.json")]
    named = [rule[key] for rule in written for key in ("title", "reason", "remedy", "denial") if key in rule]
    semicolons, clauses = rate([text for value in named for text in list_texts(value)])

    assert semicolons <= MOST_SEMICOLONS
    assert clauses <= MOST_CLAUSES


def test_the_texts_of_refusal_codes_are_plain() -> None:
    semicolons, clauses = rate([text for words in CODES.values() for text in (words.title, words.reason, words.remedy)])

    assert semicolons <= MOST_SEMICOLONS
    assert clauses <= MOST_CLAUSES


def test_the_texts_of_settings_are_plain() -> None:
    semicolons, clauses = rate([read_prose((ROOT / "docs" / "settings.md").read_text())])

    assert semicolons <= MOST_SEMICOLONS
    assert clauses <= MOST_CLAUSES


def list_helps(command: click.Command) -> Iterator[str]:
    """The texts of a command's help, and of all below it."""
    yield from filter(None, [command.help, *(getattr(option, "help", None) for option in command.params)])
    if isinstance(command, click.Group):
        context = click.Context(command)
        for below in filter(None, (command.get_command(context, name) for name in command.list_commands(context))):
            yield from list_helps(below)


def test_the_helps_of_commands_are_plain() -> None:
    # Most options are those of many commands.
    semicolons, clauses = rate([*{*list_helps(main)}])

    assert semicolons <= MOST_SEMICOLONS
    assert clauses <= MOST_CLAUSES
