"""The harness itself: each attack shows its effect with a plugin that allows everything, none with one that denies."""

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from .corpus import Case, load
from .corpus_faults import engine_version, known_differences
from .guarded import GuardedDocker, stub
from .replay import Outcome, Player, Verdict

pytestmark = pytest.mark.e2e

# These stall dockerd for 15 s when nobody refuses them: it looks for a driver that is not there.
STALLING = {"vol-foreign-driver", "net-foreign-driver"}
CASES = [case for case in (*load("bypass.jsonl"), *load("more.jsonl")) if case.id not in STALLING]


def _played(docker: GuardedDocker, answer: str) -> dict[str, tuple[Case, Outcome]]:
    with Player(docker) as player, docker.guarded_by(stub(answer)):
        return {case.id: (case, player.play(case)) for case in CASES}


@pytest.fixture(scope="module")
def allowed(own_docker: GuardedDocker) -> dict[str, tuple[Case, Outcome]]:
    return _played(own_docker, "allow")


@pytest.fixture(scope="module")
def denied(own_docker: GuardedDocker) -> dict[str, tuple[Case, Outcome]]:
    return _played(own_docker, "deny")


Played = dict[str, tuple[Case, Outcome]]


def _those(played: Played, expect: str, wrong: Callable[[Case, Outcome], object]) -> dict[str, str]:
    """The cases of one expectation that went wrong so."""
    found = {name: str(outcome) for name, (case, outcome) in played.items() if case.expect == expect}
    return {name: said for name, said in found.items() if wrong(*played[name])}


@pytest.fixture(scope="module")
def known(own_docker: GuardedDocker) -> Mapping[str, Any]:
    """What this engine does otherwise, by case."""
    return known_differences(engine_version(own_docker))


def test_an_attack_that_is_not_refused_has_the_effect_that_was_observed(
    allowed: Played, known: Mapping[str, Any]
) -> None:
    def is_silent(case: Case, outcome: Outcome) -> bool:
        has_effect = known.get(case.id, {}).get("effect", case.line.get("observed", {}).get("effect"))
        return bool(has_effect) and outcome.verdict is not Verdict.FAIL

    assert _those(allowed, "deny", is_silent) == {}


def test_most_attacks_are_carried_out_by_an_unguarded_daemon(allowed: Played) -> None:
    """Attacks that dockerd itself refuses prove little; they may not become the rule."""
    attacks = _those(allowed, "deny", lambda case, outcome: True)
    carried_out = _those(allowed, "deny", lambda case, outcome: outcome.verdict is Verdict.FAIL)

    assert len(carried_out) >= 0.8 * len(attacks)


def test_a_harmless_twin_works_when_it_is_not_refused(allowed: Played) -> None:
    assert _those(allowed, "allow", lambda case, outcome: outcome.verdict is not Verdict.PASS) == {}


def test_nothing_has_an_effect_when_everything_is_refused(denied: Played, known: Mapping[str, Any]) -> None:
    def is_carried_out(case: Case, outcome: Outcome) -> bool:
        is_asked = "status" not in known.get(case.id, {})
        return is_asked and outcome.verdict is Verdict.FAIL

    assert _those(denied, "deny", is_carried_out) == {}


def test_a_refused_twin_is_noticed(denied: Played) -> None:
    # A case that needs a preparation does not come so far when that is refused.
    assert (
        _those(denied, "allow", lambda case, outcome: "setup" not in case.line and outcome.verdict is not Verdict.FAIL)
        == {}
    )
