"""Patterns: what both engines read alike is taken, all else is refused with the cure."""

import pytest

from portero.decide.policy.pattern import refuse_unsafe
from portero.decide.values.errors import ContentRefused
from portero.tools.proof.rule_examples import ENGINES


@pytest.mark.parametrize(
    "pattern",
    [
        *("^a$", "^/etc(/.*)?$", r"^(|/.*)/\.ssh(|/.*)$", "^(a|b|c+)$", r"^([0-9]+\.){3}[0-9]+$"),
        *("^(?:a|b)?[^/]{1,20}$", r"^[\]\-a-z.*+?$^]{2,}$", "^(ab){2,3}$"),
    ],
)
def test_a_plain_pattern_is_taken_by_the_dialect_and_by_both_engines(pattern: str) -> None:
    refuse_unsafe(pattern)

    for engine in ENGINES:
        assert engine.compile({"pattern": pattern}, {}).failures(1) == ()


@pytest.mark.parametrize(
    ("pattern", "why"),
    [
        *((open_end, "does not cover the whole string: write it as ^...$") for open_end in ("a", "^a", "a$", "^$")),
        ("^a|b$", "has alternatives outside a group: write ^(a|b)$"),
        *((text, "has characters outside printable ASCII: write plain ASCII") for text in ("^é$", "^a\n$")),
        *(
            (pattern, f"has '{part}', which engines read differently: spell it out")
            for pattern, part in (
                *((r"^a\$", "\\"), (r"^\d+$", r"\d+"), (r"^\w$", r"\w"), (r"^a\b$", r"\b"), (r"^(a)\1$", r"\1")),
                *((r"^\x41$", r"\x4"), ("^(?=a)a$", "(?="), ("^(?!a)b$", "(?!"), ("^(?i)a$", "(?i")),
                *(("^(?P<x>a)$", "(?P"), ("^a$b$", "$b"), ("^a^$", "^"), ("^[[a]$", "[[a"), ("^[]a]$", "[]a")),
                ("^a{2$", "{2"),
            )
        ),
        *(
            (pattern, f"has '{sign}' where nothing can be repeated: escape or remove it")
            for pattern, sign in (("^a*?$", "?"), ("^a++$", "+"), ("^*$", "*"), ("^(|*)$", "*"))
        ),
        *(
            (pattern, "repeats a group that repeats or chooses: use one class with one quantifier")
            for pattern in ("^(a+)+$", "^((a?))*$", "^(a|a)*$", "^(a{1,2}){2,}$")
        ),
        ("^[a&&b]$", "has a set operation in [a&&b]: list the characters"),
        ("^[z-a]$", "does not compile: bad character range z-a"),
        ("^a{3,2}$", "does not compile: min repeat greater than max repeat"),
        ("^(a$", "has a group without its end: add )"),
        ("^a)$", "has ) without its group: escape it"),
        ("^" + "(" * 5000 + "a" + ")" * 5000 + "$", "has too many groups inside each other: make it flatter"),
    ],
)
def test_what_engines_read_differently_is_refused_with_the_cure(pattern: str, why: str) -> None:
    with pytest.raises(ContentRefused) as refused:
        refuse_unsafe(pattern)

    assert str(refused.value) == why
