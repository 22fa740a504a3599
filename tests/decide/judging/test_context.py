"""A request is judged again by what dockerd shows before it is refused, and its proposal by what is known so."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from portero.decide.interfaces.host_notes import HostNotes
from portero.decide.judging.context import Context
from portero.decide.judging.enforcement import Enforcement
from portero.decide.objects.object_use import ObjectFindings
from portero.decide.reading.routes import Operation
from tests.decide.judging.requests import list_refusing
from tests.decide.objects.test_existing_objects import READS, container, decide, judge_with
from tests.observe.host.fixed_objects import FixedHost, FixedObjects

CREATE = Operation("ContainerCreate", "POST", "/containers/create", "json", True, False)


def test_findings_serve_a_proposal_only_when_they_are_whole() -> None:
    context = Context(CREATE, 0.0, FixedHost(), Enforcement("hardened", "enforce"))
    partly = replace(context, findings=ObjectFindings(is_whole=False))

    assert context.for_proposal().findings is context.findings
    assert partly.for_proposal().findings is not partly.findings
    assert partly.for_proposal().host is context.host


def test_what_was_noted_about_the_objects_of_a_request_does_not_count_for_a_proposal() -> None:
    notes = HostNotes({"objects": {"": {"nested": ["/srv"]}}, "entry": {"/srv": "seen"}})
    context = Context(CREATE, 0.0, FixedHost(), Enforcement("hardened", "enforce"), notes)

    assert context.for_proposal().notes == HostNotes({"entry": {"/srv": "seen"}})
    assert "objects" in notes.answers


NESTED = "no-sources-nested-with-containers"
BODY = {"Image": "busybox", "HostConfig": {"Binds": ["/srv/media:/x"]}}
READER = {"container": {"reader": {**container("reader", mounts=(READS,)), "State": "running"}}}


class Known(FixedObjects):
    """Objects that are known, and what dockerd shows when it is asked."""

    asked: list[str]
    now: FixedObjects

    def refresh(self) -> bool:
        self.asked.append("again")
        if self.asked.count("again") > 1:
            return False
        object.__setattr__(self, "by_name", self.now.by_name)
        return True


class Host(FixedHost):
    found: Any

    def objects(self) -> Any:
        return self.found


def judge(tmp_path: Path, known: Any = None, now: Any = None) -> tuple[Any, list[str]]:
    host, asked = Host({}), list[str]()
    host.found = Known(known or {})
    for name, value in (("asked", asked), ("now", FixedObjects(now or {}))):
        object.__setattr__(host.found, name, value)
    made = replace(judge_with(tmp_path, {"site.json": {}}), host=host, enforcement=Enforcement("baseline", "enforce"))
    return made, asked


@pytest.mark.parametrize(
    ("known", "now", "rules", "asks"),
    [({}, READER, [], 0), (READER, {}, [], 1), (READER, READER, [NESTED], 1)],
    ids=["harmless", "gone by now", "still there"],
)
def test_a_refusal_is_made_by_what_dockerd_shows(
    tmp_path: Path, known: Any, now: Any, rules: list[str], asks: int
) -> None:
    made, asked = judge(tmp_path, known=known, now=now)

    assert list_refusing(decide(made, "POST", "/containers/create", BODY)) == rules
    assert len(asked) == asks
