"""Attack requests and their harmless twins, sent byte by byte to a guarded dockerd and judged by their effect."""

from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from .conftest import BOTH_ENGINES
from .corpus import Case, load
from .corpus_faults import engine_version, find_fault, known_differences
from .guarded import GuardedDocker
from .replay import Player

pytestmark = [pytest.mark.e2e, BOTH_ENGINES]

CASES = [*load("bypass.jsonl"), *load("more.jsonl")]


def _name(case: Case) -> str:
    """A disputed case is decided as the profile baseline says."""
    kind = "attack" if case.expect == "deny" else "twin"
    return f"{'disputed' if case.policy_dependent else kind} {case.kind}:{case.id}"


@pytest.fixture(scope="module")
def player(own_docker: GuardedDocker) -> Iterator[Player]:
    with Player(own_docker) as ready:
        yield ready


@pytest.fixture(scope="module")
def differences(own_docker: GuardedDocker) -> Mapping[str, Any]:
    return known_differences(engine_version(own_docker))


@pytest.mark.parametrize("case", CASES, ids=_name)
def test_an_attack_has_no_effect_and_names_the_rule_and_a_harmless_twin_is_not_refused(
    player: Player, case: Case, differences: Mapping[str, Any]
) -> None:
    assert find_fault(case, player.play(case), differences) == ""
