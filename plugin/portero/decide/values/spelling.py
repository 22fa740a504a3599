"""How a place in a document is written, and what a misspelt name may have meant."""

import re
from collections import Counter
from collections.abc import Sequence
from difflib import get_close_matches

_STEP = re.compile(r"\[(\d+)\]|\.?([^.\[\]]+)")
_MAX_NAME_LENGTH = 64


def format_path(path: Sequence[str | int]) -> str:
    """A path inside a document as a person writes it: properties.body.items[0]."""
    return "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path).lstrip(".")


def parse_path(text: str) -> tuple[str | int, ...]:
    """The path that format_path writes so."""
    return tuple(int(index) if index else name for index, name in _STEP.findall(text))


def suggest_name(name: str, names: Sequence[str]) -> str:
    """The cure for a misspelt name, or nothing."""
    close = get_close_matches(name, names, n=1)
    return f": did you mean '{close[0]}'?" if close else ""


def find_twins(names: Sequence[str]) -> list[str]:
    """The names that stand there more than once."""
    return [name for name, count in Counter(names).items() if count > 1]


def count_things(number: int, what: str) -> str:
    """1 request, 1,200 requests; `what`: a word whose plural ends with s."""
    return f"{number:,} {what}{'s'[: number != 1]}"


def make_printable(text: str) -> str:
    """An untrusted text as one line without control characters."""
    return text if text.isprintable() else "".join(char if char.isprintable() else "?" for char in text)


def shorten_name(name: str) -> str:
    """The name of an object or an owner, as reasons have it."""
    return make_printable(name)[:_MAX_NAME_LENGTH]
