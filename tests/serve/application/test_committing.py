"""What an allowed request makes others see is committed before it is logged; judging alone changes nothing."""

import itertools
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from portero.decide.decision import Decision
from portero.decide.interfaces.daemon import Peer
from portero.decide.interfaces.effects import NameUse, Source
from portero.decide.interfaces.host_notes import HostNotes
from portero.decide.judging.enforcement import Enforcement
from portero.decide.judging.judge import Judge
from portero.decide.values.refusals import Refused
from portero.observe.lookups.followed_daemons import FollowedDaemons
from portero.observe.writers.writer_memory import WriterMemory
from portero.serve.application.committing import commit
from tests.decide.judging.requests import envelope, list_refusing
from tests.decide.objects.test_existing_objects import NOON, READS, container, judge_with
from tests.decided import decided
from tests.observe.host.fixed_objects import FixedHost, FixedObjects
from tests.observe.lookups.test_followed_daemons import DAEMON, PEER, follow
from tests.observe.pending.test_under_way import enter

NESTED = "no-sources-nested-with-containers"
BODY = {"Image": "busybox", "HostConfig": {"Binds": ["/srv/new:/x"]}}
MEET = {"Type": "volume", "Name": "meet", "Driver": "local", "Source": "/x/meet", "Destination": "/m", "RW": True}
WEB = {**container("web", mounts=(READS, MEET)), "Created": "2026-11-01T00:00:00.5Z"}
OTHER: Any = {**container("other", mounts=(MEET,)), "State": "running"}
EXEC = {"ContainerID": "web", "ProcessConfig": {"privileged": False, "user": ""}}
OBJECTS: Mapping[str, Mapping[str, Any]] = {
    "container": {"web": WEB, WEB["Id"]: WEB, "other": OTHER, OTHER["Id"]: OTHER},
    "volume": {"meet": {"Name": "meet", "Driver": "local", "Mountpoint": "/x/meet", "Options": None, "Scope": "local"}},
    "exec": {"e" * 64: EXEC},
}


class Daemon(FixedObjects):
    def info(self) -> Any:
        return {**FixedObjects.info(self), "ServerVersion": "26.1.5"}


class Watched(FixedHost):
    """A host whose daemon is followed."""

    def __init__(self, file: Path | None) -> None:
        super().__init__({})
        self.memory = WriterMemory(file)
        self.followed: FollowedDaemons = follow(writers=self.memory)
        self.moments = 0

    @property
    def under_way(self) -> Any:
        return self.followed.at(DAEMON).under_way

    def moment(self, peer: Peer | None = None, account: str = "") -> Any:
        self.moments += 1
        return self

    def objects(self) -> Any:
        return Daemon(OBJECTS, members=self.memory.at("", "1"), pending=self.under_way.at())

    def list_entries(self) -> list[Any]:
        """All that could have been entered somewhere."""
        seen = self.under_way.at()
        names = [name for name in ("web", "new", "/web") if not seen.allows(NameUse(name, is_copy=False))]
        names += [name for name in ("web", "new") if not seen.allows(NameUse(name, is_copy=True))]
        touches = self.followed.at(DAEMON).picture._touches
        touched = [kind for kind in ("container", "state", "start") if touches.are_under_way(kind)]
        return [*seen.others, *names, *touched, *self.memory.read("").members]


@pytest.fixture
def host(tmp_path: Path) -> Watched:
    return Watched(tmp_path / "writers.jsonl")


@pytest.fixture
def judge(tmp_path: Path, host: Watched) -> Judge:
    made = judge_with(tmp_path / "site", {"site.json": {}})
    return replace(made, host=host, enforcement=Enforcement("baseline", "enforce"))


def decide(judge: Judge, data: bytes, attempts: list[int] | None = None, notes: HostNotes | None = None) -> Decision:
    host: Any = judge.host
    ids = itertools.count()

    def once() -> Decision:
        if attempts is not None:
            attempts.append(next(ids))
        return judge.decide(data, "d-1", NOON, PEER, notes=notes)

    return commit(once(), once, judge, host.followed, PEER, notes)


REQUESTS = {
    "a create with binds": (
        envelope("POST", "/containers/create?name=new", BODY),
        ["new", "container", WEB["Id"], OTHER["Id"]],
    ),
    "a start": (envelope("POST", "/containers/web/start"), ["state", "start", WEB["Id"]]),
    "an exec": (envelope("POST", "/containers/web/exec", {"Cmd": ["true"]}), []),
    "docker cp": (envelope("PUT", "/containers/web/archive?path=/"), ["web"]),
}


@pytest.mark.parametrize("name", REQUESTS)
def test_judging_changes_nothing_and_a_commit_does(judge: Judge, host: Watched, tmp_path: Path, name: str) -> None:
    data, entered = REQUESTS[name]
    first, second = (judge.decide(data, "d-1", NOON, PEER) for _ in range(2))

    assert (first, first.allowed) == (second, True), first.violations
    assert host.list_entries() == []
    assert not (tmp_path / "writers.jsonl").exists()
    assert first.effects.change.makes == "exec" if name == "an exec" else True

    decide(judge, data)
    assert {*entered} <= {*host.list_entries()}
    # What is withdrawn leaves what starts, and what was seen.
    host.followed.withdraw(first, PEER)
    assert {*host.list_entries()} <= {WEB["Id"], OTHER["Id"]}


def test_a_refused_request_and_its_proposal_leave_nothing(judge: Judge, host: Watched, tmp_path: Path) -> None:
    body = {"Image": "busybox", "HostConfig": {"Binds": ["/srv/new:/x"], "Privileged": True}}
    decision = decide(judge, envelope("POST", "/containers/create?name=new", body))

    assert decision.suggestion is not None
    assert "no-privileged" in list_refusing(decision)
    assert host.list_entries() == []
    assert not (tmp_path / "writers.jsonl").exists()


@pytest.mark.parametrize("breaks_glass", [False, True])
def test_effects_count_where_nothing_is_enforced(judge: Judge, host: Watched, *, breaks_glass: bool) -> None:
    lifting = replace(judge, enforcement=Enforcement("baseline", "audit", breaks_glass=breaks_glass))
    body = {"Image": "busybox", "HostConfig": {"Binds": ["/srv/new:/x"], "ShmSize": -1, "IpcMode": "host"}}
    assert decide(lifting, envelope("POST", "/containers/create?name=new", body)).allowed

    assert "new" in host.list_entries()
    assert host.under_way.at().others


def meanwhile(host: Watched, enter: Callable[[int], None]) -> None:
    """Have this come after each time that the request was judged."""
    committing, times = host.followed.commit, itertools.count()

    def late(decision: Decision, *of: Any) -> bool:
        enter(next(times))
        return committing(decision, *of)

    host.followed.commit = late  # type: ignore[method-assign]


def add(host: Watched, path: str, id: str = "d-2") -> None:
    allowed = decided(id=id)
    told = Source(path, False, "container reader, which is being created,")
    effects = replace(allowed.effects, number=1 << 62, sources=(told,))
    enter(host.under_way, allowed.id, effects, agrees=True)


@pytest.mark.parametrize(
    ("path", "rules", "judged"), [("/srv/new/movies", [NESTED], 2), ("/srv/other", [], 1)], ids=["nested", "beside"]
)
def test_what_came_meanwhile_counts(judge: Judge, host: Watched, path: str, rules: list[str], judged: int) -> None:
    meanwhile(host, lambda number: add(host, path) if number == 0 else None)
    attempts, notes = list[int](), HostNotes()
    decision = decide(judge, REQUESTS["a create with binds"][0], attempts, notes)

    assert (list_refusing(decision), len(attempts)) == (rules, judged)
    told = "which is being created (should that fail, repeat the command a minute later),"
    new = Source("/srv/new", True, f"container new, {told}")
    assert (new in host.under_way.at().others) is not bool(rules)
    assert all(
        "container reader, which is being created," in one.reason for one in decision.violations if one.rule == NESTED
    )


@pytest.mark.parametrize("mode", ["enforce", "audit"])
def test_where_others_come_all_the_time_it_ends(judge: Judge, host: Watched, mode: Any) -> None:
    """They are gone again before it is judged."""

    def come_and_go(number: int) -> None:
        add(host, "/srv/new/movies", f"m-{number}")
        host.under_way.settle(f"m-{number}", is_settled=True)

    meanwhile(host, come_and_go)
    attempts = list[int]()
    made = replace(judge, enforcement=Enforcement("baseline", mode))
    decision = decide(made, REQUESTS["a create with binds"][0], attempts)

    assert len(attempts) == 8
    assert decision.allowed is (mode == "audit")
    (busy,) = [one for one in decision.violations if one.rule == "lookup-failed"]
    assert (busy.remedy, "come all the time" in busy.reason) == ({"docker": "repeat the command"}, True)
    assert ("new" in host.list_entries()) is (mode == "audit")


def test_a_name_that_came_meanwhile_counts(judge: Judge, host: Watched) -> None:
    seen = judge.decide(REQUESTS["docker cp"][0], "d-1", NOON, PEER)
    renamed = judge.decide(envelope("POST", "/containers/other/rename?name=web"), "d-2", NOON, PEER)
    assert host.followed.commit(renamed, PEER, lambda newer: True)

    assert not host.followed.commit(seen, PEER, lambda newer: True)
    assert list_refusing(decide(judge, REQUESTS["docker cp"][0])) == ["no-owner-programs"]


def test_a_create_is_refused_for_a_memory_that_would_refuse_its_start(judge: Judge, tmp_path: Path) -> None:
    (tmp_path / "writers.jsonl").mkdir()
    for request in (envelope("POST", "/containers/create", {"Image": "busybox"}), REQUESTS["a start"][0]):
        assert list_refusing(decide(judge, request)) == ["writers-unknown"]
    (tmp_path / "writers.jsonl").rmdir()

    assert decide(judge, envelope("POST", "/containers/create", {"Image": "busybox"})).allowed


@pytest.mark.parametrize("mode", ["enforce", "audit"])
def test_a_memory_that_cannot_be_saved_refuses(
    judge: Judge, host: Watched, monkeypatch: pytest.MonkeyPatch, mode: Any
) -> None:
    def fail(*of: Any) -> None:
        raise Refused("writers-unknown")

    monkeypatch.setattr(WriterMemory, "commit", fail)
    made = replace(judge, enforcement=Enforcement("baseline", mode))
    decision = decide(made, REQUESTS["a start"][0])

    assert ([one.rule for one in decision.violations], decision.allowed) == (["writers-unknown"], mode == "audit")
    assert ("state" in host.list_entries()) is (mode == "audit")


def test_what_breaks_glass_is_refused_by_what_cannot_be_committed(
    judge: Judge, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*of: Any) -> None:
        raise Refused("writers-unknown")

    monkeypatch.setattr(WriterMemory, "commit", fail)
    made = replace(judge, enforcement=Enforcement("baseline", "audit", breaks_glass=True))
    decision = decide(made, REQUESTS["a start"][0])

    assert (decision.allowed, decision.mode, decision.breaks_glass) == (False, "enforce", False)


def test_where_the_host_cannot_be_read_it_is_judged_again(
    judge: Judge, host: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    find, attempts = host.find_passage, list[int]()

    def fail_at_first(path: str) -> Any:
        if len(attempts) == 1 and host.under_way.at().others:
            raise Refused("host-unreadable")
        return find(path)

    monkeypatch.setattr(host, "find_passage", fail_at_first)
    meanwhile(host, lambda number: add(host, "/srv/other") if number == 0 else None)

    assert decide(judge, REQUESTS["a create with binds"][0], attempts).allowed
    assert len(attempts) == 2
