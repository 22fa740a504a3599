"""Patterns: what both engines read alike is taken, all else is refused with the cure."""

import pytest

from portero.policy.pattern import PatternRefused, refuse_unsafe
from portero.proof.rule_examples import ENGINES


@pytest.mark.parametrize(
    "pattern",
    [
        "^a$",
        "^/etc(/.*)?$",
        r"^(|/.*)/\.ssh(|/.*)$",
        "^(a|b|c+)$",
        r"^([0-9]+\.){3}[0-9]+$",
        "^(?:a|b)?[^/]{1,20}$",
        r"^[\]\-a-z.*+?$^]{2,}$",
        "^(ab){2,3}$",
    ],
)
def test_a_plain_pattern_is_taken_by_the_dialect_and_by_both_engines(pattern: str) -> None:
    refuse_unsafe(pattern)

    for engine in ENGINES:
        assert engine.compile({"pattern": pattern}, {}).failures(1) == ()


@pytest.mark.parametrize(
    ("pattern", "why"),
    [
        ("a", "does not cover the whole string: write it as ^...$"),
        ("^a", "does not cover the whole string: write it as ^...$"),
        ("a$", "does not cover the whole string: write it as ^...$"),
        (r"^a\$", r"has '\', which engines read differently: spell it out"),
        ("^$", "does not cover the whole string: write it as ^...$"),
        ("^a|b$", "has alternatives outside a group: write ^(a|b)$"),
        ("^é$", "has characters outside printable ASCII: write plain ASCII"),
        ("^a\n$", "has characters outside printable ASCII: write plain ASCII"),
        (r"^\d+$", r"has '\d+', which engines read differently: spell it out"),
        (r"^\w$", r"has '\w', which engines read differently: spell it out"),
        (r"^a\b$", r"has '\b', which engines read differently: spell it out"),
        (r"^(a)\1$", r"has '\1', which engines read differently: spell it out"),
        (r"^\x41$", r"has '\x4', which engines read differently: spell it out"),
        ("^(?=a)a$", "has '(?=', which engines read differently: spell it out"),
        ("^(?!a)b$", "has '(?!', which engines read differently: spell it out"),
        ("^(?i)a$", "has '(?i', which engines read differently: spell it out"),
        ("^(?P<x>a)$", "has '(?P', which engines read differently: spell it out"),
        ("^a$b$", "has '$b', which engines read differently: spell it out"),
        ("^a^$", "has '^', which engines read differently: spell it out"),
        ("^a*?$", "has '?' where nothing can be repeated: escape or remove it"),
        ("^a++$", "has '+' where nothing can be repeated: escape or remove it"),
        ("^*$", "has '*' where nothing can be repeated: escape or remove it"),
        ("^(|*)$", "has '*' where nothing can be repeated: escape or remove it"),
        ("^(a+)+$", "repeats a group that repeats or chooses: use one class with one quantifier"),
        ("^((a?))*$", "repeats a group that repeats or chooses: use one class with one quantifier"),
        ("^(a|a)*$", "repeats a group that repeats or chooses: use one class with one quantifier"),
        ("^(a{1,2}){2,}$", "repeats a group that repeats or chooses: use one class with one quantifier"),
        ("^[[a]$", "has '[[a', which engines read differently: spell it out"),
        ("^[a&&b]$", "has a set operation in [a&&b]: list the characters"),
        ("^[]a]$", "has '[]a', which engines read differently: spell it out"),
        ("^[z-a]$", "does not compile: bad character range z-a"),
        ("^a{3,2}$", "does not compile: min repeat greater than max repeat"),
        ("^(a$", "has a group without its end: add )"),
        ("^a)$", "has ) without its group: escape it"),
        ("^" + "(" * 5000 + "a" + ")" * 5000 + "$", "has too many groups inside each other: make it flatter"),
        ("^a{2$", "has '{2', which engines read differently: spell it out"),
    ],
)
def test_what_engines_read_differently_is_refused_with_the_cure(pattern: str, why: str) -> None:
    with pytest.raises(PatternRefused) as refused:
        refuse_unsafe(pattern)

    assert str(refused.value) == why
