"""PORTERO_ENGINE=both: what the engines disagree about is refused, and the log says which rules it was."""

import base64
import json
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from portero import engine
from portero.engine import Check, Checks, OneByOne
from portero.engine.both import Both
from portero.host.fixed import FixedHost
from portero.judging.enforcement import Enforcement
from portero.judging.judge import Judge
from portero.policy.loader import load
from portero.refusals import Refused
from portero.service.docker_api import load_api
from tests.paths import SCHEMAS


class Satisfied:
    def is_satisfied(self, request: Any) -> bool:
        return True

    def failures(self, request: Any) -> tuple[()]:
        return ()


class Lenient:
    """An engine that lets everything pass."""

    name = "lenient"

    def compile(self, schema: Mapping[str, Any], resources: Any) -> Check:
        return Satisfied()

    def prepare(self, resources: Any) -> Callable[[Mapping[str, Any]], Check]:
        return lambda schema: Satisfied()

    def gather(self, schemas: Mapping[str, Any], resources: Any) -> Checks:
        return OneByOne(dict.fromkeys(schemas, Satisfied()))


def asked(**host_config: Any) -> bytes:
    body = json.dumps({"Image": "busybox", "HostConfig": host_config}).encode()
    return json.dumps(
        {
            "RequestMethod": "POST",
            "RequestUri": "/v1.45/containers/create",
            "RequestHeaders": {"Content-Type": "application/json", "Content-Length": str(len(body))},
            "RequestBody": base64.b64encode(body).decode(),
        }
    ).encode()


def judge(chosen: engine.Engine) -> Judge:
    routes, shapes = load_api()
    return Judge(
        load([SCHEMAS], chosen, routes.operations), routes, shapes, FixedHost(), Enforcement("baseline", "enforce")
    )


def test_both_engines_decide_what_one_decides() -> None:
    for data in (asked(), asked(Privileged=True, Binds=["/:/host"])):
        both, one = (judge(engine.named(name)).decide(data, "d-1", 0.0) for name in ("both", "reference"))

        assert both == one


@pytest.mark.parametrize("swapped", [False, True], ids=["the second lets it pass", "the first lets it pass"])
def test_a_request_about_which_the_engines_disagree_is_refused(swapped: bool, caplog: pytest.LogCaptureFixture) -> None:
    pair: list[engine.Engine] = [engine.best(), Lenient()]
    first, second = reversed(pair) if swapped else pair

    decision = judge(Both(first, second)).decide(asked(Privileged=True), "d-1", 0.0)

    assert not decision.allowed
    assert [violation.rule for violation in decision.violations] == ["engine-disagreement"]
    said = caplog.text
    assert "the rule engines disagree about no-privileged" in said


def test_one_rule_alone_is_judged_twice_as_well() -> None:
    check = Both(engine.best(), Lenient()).gather({"a": {"type": "string"}}, {})["a"]

    assert check.failures("x") == ()
    with pytest.raises(Refused, match="engine-disagreement"):
        check.failures(1)


def test_the_match_of_an_exception_is_judged_twice_as_well() -> None:
    check = Both(engine.best(), Lenient()).compile({"type": "string"}, {})

    assert check.failures("x") == ()
    with pytest.raises(Refused, match="engine-disagreement"):
        check.failures(1)
