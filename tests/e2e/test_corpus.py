"""Attack requests and their harmless twins, sent byte by byte to a guarded dockerd and judged by their effect."""

from collections.abc import Iterator

import pytest

from .corpus import Case, load
from .guarded import GuardedDocker
from .refusals import refusing
from .replay import Player, Verdict

pytestmark = pytest.mark.e2e

CASES = [*load("bypass.jsonl"), *load("more.jsonl")]
# Where sound policies differ, and what Portero's baseline says other than the corpus.
BASELINE = {
    "secopt-111": "allow",  # new privileges may be gained by default: the profile hardened takes that away
    "session-hijack": "allow",  # unseen-buildkit belongs to hardened
    "ok-dup": "deny",  # body-duplicate-name: strict reading has its price
    "ok-toplevel": "deny",  # body-legacy-field: as above
}
ATTACKS = [case for case in CASES if case.expect == "deny" and not case.policy_dependent]
TWINS = [case for case in CASES if case.expect == "allow" and not case.policy_dependent]
DISPUTED = [case for case in CASES if case.policy_dependent]


def _name(case: Case) -> str:
    return f"{case.kind}:{case.id}"


@pytest.fixture(scope="module")
def player(docker: GuardedDocker) -> Iterator[Player]:
    with Player(docker) as ready:
        yield ready


@pytest.mark.parametrize("case", ATTACKS, ids=_name)
def test_an_attack_has_no_effect_and_the_refusal_names_the_rule(player: Player, case: Case) -> None:
    outcome = player.play(case)

    assert outcome.verdict in (Verdict.PASS, Verdict.REFUSED), outcome
    if outcome.verdict is Verdict.PASS:
        assert case.line.get("rule") in refusing(outcome.answer.message), outcome


@pytest.mark.parametrize("case", TWINS, ids=_name)
def test_a_harmless_twin_is_not_refused(player: Player, case: Case) -> None:
    outcome = player.play(case)

    assert outcome.verdict is Verdict.PASS, outcome
    assert not refusing(outcome.answer.message), outcome


@pytest.mark.parametrize("case", DISPUTED, ids=_name)
def test_a_disputed_case_is_decided_as_the_baseline_says(player: Player, case: Case) -> None:
    outcome = player.play(case)

    decided = "deny" if refusing(outcome.answer.message) else "allow"
    assert decided == BASELINE.get(case.id, case.expect), outcome
