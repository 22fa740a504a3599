"""Attack requests and their harmless twins, sent byte by byte to a guarded dockerd and judged by their effect."""

from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from .corpus import Case, load
from .corpus_faults import engine_version, find_fault, known_differences
from .guarded import GuardedDocker
from .replay import Player

pytestmark = pytest.mark.e2e

CASES = [*load("bypass.jsonl"), *load("more.jsonl")]
ATTACKS = [case for case in CASES if case.expect == "deny" and not case.policy_dependent]
TWINS = [case for case in CASES if case.expect == "allow" and not case.policy_dependent]
DISPUTED = [case for case in CASES if case.policy_dependent]


def _name(case: Case) -> str:
    return f"{case.kind}:{case.id}"


@pytest.fixture(scope="module")
def player(docker: GuardedDocker) -> Iterator[Player]:
    with Player(docker) as ready:
        yield ready


@pytest.fixture(scope="module")
def differences(docker: GuardedDocker) -> Mapping[str, Any]:
    return known_differences(engine_version(docker))


@pytest.mark.parametrize("case", ATTACKS, ids=_name)
def test_an_attack_has_no_effect_and_the_refusal_names_the_rule(
    player: Player, case: Case, differences: Mapping[str, Any]
) -> None:
    assert find_fault(case, player.play(case), differences) == ""


@pytest.mark.parametrize("case", TWINS, ids=_name)
def test_a_harmless_twin_is_not_refused(player: Player, case: Case, differences: Mapping[str, Any]) -> None:
    assert find_fault(case, player.play(case), differences) == ""


@pytest.mark.parametrize("case", DISPUTED, ids=_name)
def test_a_disputed_case_is_decided_as_the_baseline_says(
    player: Player, case: Case, differences: Mapping[str, Any]
) -> None:
    assert find_fault(case, player.play(case), differences) == ""
