"""Each part of `objects` has one describer, and a request that uses nothing asks nothing."""

from dataclasses import replace

import pytest

from portero.decide.judging.judge import Judge
from portero.decide.objects import describers
from tests.decide.judging.test_lookup_costs import CountingHost
from tests.decide.objects.test_existing_objects import OLD, create, decide, judge

__all__ = ["judge"]  # a fixture


def test_what_a_request_uses_is_described_by_those_that_know_its_parts(
    judge: Judge, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[str] = []
    monkeypatch.setattr(
        describers, "_DESCRIBERS", [lambda use: seen.append(use.operation.id) or {"volumes": []}, lambda use: {}]
    )

    decide(judge, *create(Binds=["evil:/x"]))
    assert seen == ["ContainerCreate"]


def test_an_operation_without_objects_has_no_lookups(judge: Judge) -> None:
    host = CountingHost(OLD)

    decide(replace(judge, host=host), "POST", "/containers/plain/stop")
    assert host.asked == []
