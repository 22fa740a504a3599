"""The harness itself: each attack shows its effect with a plugin that allows everything, none with one that denies."""

import pytest

from .corpus import Case, load
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


def test_an_attack_that_is_not_refused_has_the_effect_that_was_observed(
    allowed: dict[str, tuple[Case, Outcome]],
) -> None:
    silent = {
        name: str(outcome)
        for name, (case, outcome) in allowed.items()
        if case.expect == "deny" and case.line.get("observed", {}).get("effect") and outcome.verdict is not Verdict.FAIL
    }

    assert silent == {}


def test_most_attacks_are_carried_out_by_an_unguarded_daemon(allowed: dict[str, tuple[Case, Outcome]]) -> None:
    """Attacks that dockerd itself refuses prove little; they may not become the rule."""
    attacks = [outcome for case, outcome in allowed.values() if case.expect == "deny"]
    carried_out = [outcome for outcome in attacks if outcome.verdict is Verdict.FAIL]

    assert len(carried_out) >= 0.8 * len(attacks)


def test_a_harmless_twin_works_when_it_is_not_refused(allowed: dict[str, tuple[Case, Outcome]]) -> None:
    broken = {
        name: str(outcome)
        for name, (case, outcome) in allowed.items()
        if case.expect == "allow" and outcome.verdict is not Verdict.PASS
    }

    assert broken == {}


def test_nothing_has_an_effect_when_everything_is_refused(denied: dict[str, tuple[Case, Outcome]]) -> None:
    wrong = {
        name: str(outcome)
        for name, (case, outcome) in denied.items()
        if outcome.verdict is Verdict.FAIL and case.expect == "deny"
    }

    assert wrong == {}


def test_a_refused_twin_is_noticed(denied: dict[str, tuple[Case, Outcome]]) -> None:
    unnoticed = [
        name
        for name, (case, outcome) in denied.items()
        # A case that needs a preparation does not come so far when that is refused.
        if case.expect == "allow" and "setup" not in case.line and outcome.verdict is not Verdict.FAIL
    ]

    assert unnoticed == []
