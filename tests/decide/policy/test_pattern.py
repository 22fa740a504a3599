"""Patterns: what both engines read alike is taken, all else is refused with the cure."""

import pytest

from portero.decide.policy.pattern import refuse_unsafe
from portero.decide.values.errors import ContentRefused
from portero.tools.proof.rule_examples import ENGINES
from tests.cases import cases


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


@pytest.mark.parametrize(("pattern", "why"), cases(__file__, "refused-patterns.jsonl"))
def test_what_engines_read_differently_is_refused_with_the_cure(pattern: str, why: str) -> None:
    with pytest.raises(ContentRefused) as refused:
        refuse_unsafe(pattern)

    assert str(refused.value) == why
