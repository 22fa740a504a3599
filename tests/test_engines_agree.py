"""The two engines judge alike; where they would not, the request is refused."""

import json
from collections.abc import Mapping

import pytest

import captured
from portero import engine, resources
from portero.engine import InstancePath
from portero.engine.both import Both
from portero.engine.reference import Reference
from portero.hostview import FixedHost
from portero.judge import Judge
from portero.operation import Routes
from portero.policy.loader import load
from portero.refusals import Refused
from portero.shape import Shapes
from portero.types import JSON

ENVELOPES = captured.envelopes()


class Lenient(Reference):
    """An engine with a fault: everything holds."""

    name = "lenient"

    def compile(self, schema: Mapping[str, JSON], resources: Mapping[str, Mapping[str, JSON]]) -> "Lenient":
        return self

    def failures(self, request: JSON) -> tuple[InstancePath, ...]:
        return ()


def test_a_request_that_the_engines_judge_differently_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    check = Both(Reference(), Lenient()).compile({"type": "object"}, {})

    with pytest.raises(Refused) as refused:
        check.failures("no object")

    assert refused.value.code == "engine-disagreement"
    assert "disagree" in capsys.readouterr().err


def test_what_the_engines_agree_on_comes_out() -> None:
    check = Both(Reference(), Reference()).compile({"properties": {"a": {"const": 1}}}, {})

    assert check.failures({"a": 2}) == (("a",),)
    assert check.failures({"a": 1}) == ()


def test_the_engines_agree_on_all_captured_traffic() -> None:
    routes = Routes.load(json.loads((resources.schemas() / "operations.json").read_text()))
    policy = load([resources.schemas()], engine.named("both"), routes.operations)
    judge = Judge(
        policy, routes, Shapes.load(resources.schemas() / "api"), FixedHost(captured.HOST), "restricted", "enforce"
    )

    for questions in ENVELOPES.values():
        for question in questions:
            decision = judge.decide(json.dumps(question).encode(), "d-0", 1_800_000_000.0)
            assert "engine-disagreement" not in {violation.rule for violation in decision.violations}
