"""The patterns that a rule may use: those that Python's `re` and Rust's `regex` read the same way.

A pattern covers the whole string (`^...$`) and is plain ASCII: literals, escaped punctuation, `.` for any character at
all (decide/engine/portable_schema.py sees to it), classes like [a-z0-9_-], groups, alternatives inside groups, and the
quantifiers * + ? {n} {n,} {n,m}. Classes such as \\d and \\w are Unicode in one engine and ASCII in the other;
look-around and back references exist in one only. A group that itself repeats or chooses may not be repeated, since
Python tries every way to divide the string; what else runs away there (groups with choices in a row) takes linear time
in Rust, which decides, and ends by the time limit of `portero test`.
"""

import re

from portero.decide.values.dataclass import dataclass
from portero.decide.values.errors import ContentRefused

_PUNCTUATION = r"\\[\\.+*?()\[\]{}|^$/-]"
_TOKEN = re.compile(
    rf"""
    (?P<escape>{_PUNCTUATION})
    | (?P<class>\[\^?(?:{_PUNCTUATION}|[^\[\]\\])+\])
    | (?P<open>\((?:\?:)?(?!\?))
    | (?P<close>\))
    | (?P<quantifier>[*+?]|\{{[0-9]{{1,3}}(?:,[0-9]{{0,3}})?\}})
    | (?P<bar>\|)
    | (?P<literal>[^\\\[\](){{}}*+?|^$])
    """,
    re.VERBOSE,
)
# Set operations of Rust's classes; Python warns of them.
_SET_OPERATIONS = ("&&", "--", "~~", "||")


@dataclass(slots=True)
class _Group:
    repeats_or_chooses: bool = False
    # Whether the last token is something that a quantifier may follow, and whether that is such a group itself.
    atom: bool = False
    atom_is_complex: bool = False


def refuse_unsafe(pattern: str) -> None:
    """Raise ContentRefused unless both engines read the pattern the same way."""
    if not pattern.isascii() or not pattern.isprintable():
        raise ContentRefused("has characters outside printable ASCII: write plain ASCII")
    if not (pattern.startswith("^") and pattern.endswith("$") and len(pattern) > 2):
        raise ContentRefused("does not cover the whole string: write it as ^...$")
    groups = [_Group()]
    for kind, text in _split_tokens(pattern[1:-1]):
        _step(groups, kind, text)
    if len(groups) != 1:
        raise ContentRefused("has a group without its end: add )")
    try:
        re.compile(pattern)
    except re.error as error:
        raise ContentRefused(f"does not compile: {error.msg}") from error
    except RecursionError as error:
        raise ContentRefused("has too many groups inside each other: make it flatter") from error


def _split_tokens(inside: str) -> list[tuple[str, str]]:
    tokens = []
    position = 0
    while position < len(inside):
        match = _TOKEN.match(inside, position)
        if match is None or match.lastgroup is None:
            raise ContentRefused(
                f"has '{inside[position : position + 3]}', which engines read differently: spell it out"
            )
        tokens.append((match.lastgroup, match.group()))
        position = match.end()
    return tokens


def _step(groups: list[_Group], kind: str, text: str) -> None:
    if kind == "open":
        groups.append(_Group())
    elif kind == "close":
        _close(groups)
    elif kind == "bar":
        _choose(groups)
    elif kind == "quantifier":
        _repeat(groups[-1], text)
    else:
        _add_atom(groups[-1], kind, text)


def _close(groups: list[_Group]) -> None:
    if len(groups) == 1:
        raise ContentRefused("has ) without its group: escape it")
    closed = groups.pop()
    outer = groups[-1]
    outer.atom, outer.atom_is_complex = True, closed.repeats_or_chooses
    outer.repeats_or_chooses |= closed.repeats_or_chooses


def _choose(groups: list[_Group]) -> None:
    if len(groups) == 1:
        raise ContentRefused("has alternatives outside a group: write ^(a|b)$")
    groups[-1].repeats_or_chooses = True
    groups[-1].atom = False


def _repeat(group: _Group, quantifier: str) -> None:
    if not group.atom:
        raise ContentRefused(f"has '{quantifier}' where nothing can be repeated: escape or remove it")
    once_or_fixed = quantifier == "?" or (quantifier.startswith("{") and "," not in quantifier)
    if group.atom_is_complex and not once_or_fixed:
        raise ContentRefused("repeats a group that repeats or chooses: use one class with one quantifier")
    group.repeats_or_chooses |= "," in quantifier or not quantifier.startswith("{")
    group.atom = False


def _add_atom(group: _Group, kind: str, text: str) -> None:
    if kind == "class" and any(operation in text for operation in _SET_OPERATIONS):
        raise ContentRefused(f"has a set operation in {text}: list the characters")
    group.atom, group.atom_is_complex = True, False
