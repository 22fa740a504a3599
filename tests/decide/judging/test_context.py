"""A request is judged again by what dockerd shows before it is refused, and its proposal by what is known so."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from portero.decide.interfaces.host_notes import HostNotes
from portero.decide.interfaces.pending_requests import Source
from portero.decide.judging.context import Context
from portero.decide.judging.enforcement import Enforcement
from portero.decide.objects.existing_objects import ObjectFindings
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
    creations: Any

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


def judge(tmp_path: Path, known: Any = None, now: Any = None, creations: Any = None) -> tuple[Any, list[str]]:
    host, asked = Host({}), list[str]()
    host.found = Known(known or {})
    for name, value in (("asked", asked), ("now", FixedObjects(now or {})), ("creations", creations)):
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


class Meanwhile:
    """Another request added a place while the first was judged; the next one sees it."""

    def __init__(self, place: Source) -> None:
        self.others: list[Source] = []
        self._place = place
        self.added: list[Source] = []

    def add(self, id: str, places: Sequence[Source], agree: Any) -> bool:
        if not self.others and not agree([self._place]):
            self.others = [self._place]
            return False
        self.added += places
        return True


@pytest.mark.parametrize(("path", "rules"), [("/srv/media/movies", [NESTED]), ("/srv/other", [])])
def test_what_came_meanwhile_counts(tmp_path: Path, path: str, rules: list[str]) -> None:
    meanwhile = Meanwhile(Source(path, False, "container reader, which is being created,"))
    made, _ = judge(tmp_path, creations=meanwhile)
    decision = decide(made, "POST", "/containers/create?name=new", BODY)

    assert list_refusing(decision) == rules
    assert all(
        "container reader, which is being created," in one.reason for one in decision.violations if one.rule == NESTED
    )
    told = "which is being created (should that fail, repeat the command a minute later),"
    new = Source("/srv/media", True, f"container new, {told}")
    assert meanwhile.added == ([] if rules else [new])


def test_where_others_come_all_the_time_it_ends(tmp_path: Path) -> None:
    class AllTheTime(Meanwhile):
        def add(self, id: str, places: Sequence[Source], agree: Any) -> bool:
            self.added += places
            return False

    meanwhile = AllTheTime(Source("/srv/other", False, "another"))
    made, _ = judge(tmp_path, creations=meanwhile)
    decision = decide(made, "POST", "/containers/create?name=new", BODY)

    assert [(one.rule, one.remedy) for one in decision.violations if one.action == "deny"] == [
        ("lookup-failed", {"docker": "repeat the command"})
    ]
    assert "come all the time" in decision.violations[0].reason
    assert len(meanwhile.added) == 8
