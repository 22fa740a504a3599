"""What is wrong with the outcome of a corpus case, by what is known of the engine (tests/corpus/engines.json)."""

import json
from collections.abc import Mapping
from typing import Any

from tests.paths import CORPUS

from .corpus import Case
from .guarded import GuardedDocker
from .refusals import refusing
from .replay import Outcome, Verdict

# Where sound policies differ, and what Portero's baseline says other than the corpus.
BASELINE = {
    "secopt-111": "allow",  # new privileges may be gained by default: the profile hardened takes that away
    "session-hijack": "allow",  # unseen-buildkit belongs to hardened
    "ok-dup": "deny",  # body-duplicate-name: strict reading has its price
    "ok-toplevel": "deny",  # body-legacy-field: as above
}


def engine_version(docker: GuardedDocker) -> str:
    """Such as 26.1."""
    return ".".join(docker.client.ask("GET", "/version").json()["Version"].split(".")[:2])


def known_differences(version: str) -> Mapping[str, Any]:
    """By case: what this engine does otherwise than 26.1, with the reason."""
    found: dict[str, Mapping[str, Any]] = json.loads((CORPUS / "engines.json").read_text())
    return found.get(version, {})


def find_fault(case: Case, outcome: Outcome, differences: Mapping[str, Any]) -> str:
    """What is wrong, in words; empty when all is as it should be."""
    answered = refusing(outcome.answer.message)
    if case.policy_dependent:
        expected = BASELINE.get(case.id, case.expect)
        return "" if ("deny" if answered else "allow") == expected else f"{expected} expected: {outcome}"
    if case.expect == "allow":
        return "" if outcome.verdict is Verdict.PASS and not answered else str(outcome)
    known = differences.get(case.id, {})
    if known.get("status") == outcome.answer.status and not outcome.effect:
        return ""
    if outcome.verdict is Verdict.REFUSED:
        return ""
    rule = known.get("rule", case.line.get("rule"))
    return "" if outcome.verdict is Verdict.PASS and rule in answered else f"{rule} expected: {outcome}"
