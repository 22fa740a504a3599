"""Requests and answers are matched by their contents; what has no answer stays uncertain."""

import base64
import json
from dataclasses import replace
from typing import Any

import pytest

from portero.decide.interfaces.effects import EVERYTHING, OF_CONTAINERS, Effects, NameUse, PossibleChange, Source, Touch
from portero.decide.reading.envelope import Envelope, Result
from portero.observe.lookups.followed_daemon import FollowedDaemon
from portero.observe.pending import unanswered
from tests.observe.lookups.test_container_cache import ID, OTHER, shown

WEB = PossibleChange((Touch("container", "web"),))
CREATE = PossibleChange((Touch("container", "web"),), "container", "web")
PLACE = Source("/srv", True, "one")


def envelope(body: bytes = b"{}") -> Envelope:
    return Envelope("POST", "/containers/web/update", body, {}, "", "", (), base64.b64encode(body))


def result(status: int = 200, body: Any = None, request: bytes = b"{}") -> Result:
    return Result(envelope(request), status, json.dumps(body).encode() if body else b"")


@pytest.fixture
def followed() -> FollowedDaemon:
    made = FollowedDaemon()
    made.picture.is_followed = True
    made._knows_execs_from = 0.0
    read(made)
    return made


def enter(
    followed: FollowedDaemon, id: str, envelope: Envelope, change: PossibleChange, user: str = "", **effects: Any
) -> None:
    assert followed.enter(id, envelope, Effects(followed.under_way.number, change, **effects), user)


def read(followed: FollowedDaemon) -> None:
    followed.picture.note_inspected("container", ID, shown(), followed.picture.moment)


def is_known(followed: FollowedDaemon) -> bool:
    return followed.picture.find("container", ID) is not None


def test_from_the_decision_to_the_answer_it_is_asked_for(followed: FollowedDaemon) -> None:
    assert is_known(followed)
    enter(followed, "d-1", envelope(), WEB)
    read(followed)
    assert not is_known(followed)

    followed.note_result(result(), lambda: WEB)
    assert not is_known(followed)
    read(followed)
    assert is_known(followed)


def test_equal_requests_have_an_answer_each_and_that_of_another_one_is_none(followed: FollowedDaemon) -> None:
    for id in ("d-1", "d-2"):
        enter(followed, id, envelope(), WEB)
    followed.note_result(result(request=b"{ }"), lambda: WEB)
    for _ in range(2):
        read(followed)
        assert not is_known(followed)
        followed.note_result(result(), lambda: WEB)

    read(followed)
    assert is_known(followed)


@pytest.mark.parametrize(
    "other", [{"method": "PUT"}, {"uri": "/containers/web/kill"}, {"user": "bob"}, {"shown": b"e30gIA=="}], ids=str
)
def test_the_answer_to_a_request_that_differs_is_that_of_another(followed: FollowedDaemon, other: Any) -> None:
    enter(followed, "d-1", envelope(), WEB)
    read(followed)

    followed.note_result(replace(result(), envelope=replace(envelope(), **other)), lambda: PossibleChange())
    read(followed)
    assert not is_known(followed)
    followed.note_result(result(), lambda: WEB)
    read(followed)
    assert is_known(followed)


def test_the_answer_to_a_request_of_an_earlier_process_counts(followed: FollowedDaemon) -> None:
    before = followed.picture.moment
    followed.note_result(result(), lambda: WEB)

    followed.picture.note_inspected("container", ID, shown(), before)
    assert not is_known(followed)


STOP, START = (
    PossibleChange((Touch("state", "web"),), lasts=False),
    PossibleChange((Touch("start", "web"), Touch("state", "web"))),
)


@pytest.mark.parametrize(("change", "lasts"), [(WEB, True), (START, True), (STOP, False)])
def test_without_an_answer_it_is_uncertain_for_ever_unless_it_only_ends(
    followed: FollowedDaemon, change: PossibleChange, *, lasts: bool
) -> None:
    def is_certain() -> bool:
        read(followed)
        return not followed.picture.are_under_way([ID])

    enter(followed, "d-1", envelope(), change)
    followed.note_late()
    assert not is_certain()

    followed.note_late(-1.0)
    followed.note_late(-1.0)
    assert is_certain() is not lasts
    followed.note_result(result(), lambda: change)
    assert is_certain()


def test_a_late_answer_is_not_that_of_an_equal_request(followed: FollowedDaemon) -> None:
    enter(followed, "d-1", envelope(), WEB)
    followed.note_late(-1.0)
    enter(followed, "d-2", envelope(), WEB)
    for is_answered in (False, True):
        followed.note_result(result(), lambda: WEB)
        read(followed)
        assert is_known(followed) is is_answered


def test_what_a_name_meant_at_the_decision_is_changed_whatever_it_is_called_then(followed: FollowedDaemon) -> None:
    connect, rename = envelope(b"connect"), PossibleChange((Touch("container", "web"), Touch("container", "other")))
    enter(followed, "d-1", connect, WEB)
    enter(followed, "d-2", envelope(), rename)
    followed.note_result(result(), lambda: rename)
    followed.picture.follow()  # as after a reload: only the new name is known
    followed.picture.note_inspected("container", ID, shown(name="other"), followed.picture.moment)
    assert not is_known(followed)

    followed.note_result(result(request=b"connect"), lambda: WEB)
    assert not is_known(followed)
    followed.picture.note_inspected("container", ID, shown(name="other"), followed.picture.moment)
    assert is_known(followed)


def test_equal_requests_that_meant_different_containers_have_changed_both(followed: FollowedDaemon) -> None:
    def read_both() -> list[bool]:
        for id, name in ((ID, "other"), (OTHER, "web")):
            followed.picture.note_inspected("container", id, shown(id, name), followed.picture.moment)
        return [followed.picture.find("container", id) is not None for id in (ID, OTHER)]

    enter(followed, "d-1", envelope(), WEB)
    followed.picture.note_made(OTHER, "web")
    enter(followed, "d-2", envelope(), WEB)
    for are_known in (False, True):
        followed.note_result(result(), lambda: WEB)
        assert read_both() == [are_known] * 2
    assert not any(refs.counts for refs in followed.picture._touches._under_way.values())


@pytest.mark.parametrize("change", [WEB, START, STOP])
def test_the_names_of_an_earlier_process_can_have_meant_any_container_unless_it_only_ends(
    followed: FollowedDaemon, change: PossibleChange
) -> None:
    followed.picture.note_inspected("container", ID, shown(name="other"), followed.picture.moment)
    before = followed.picture.moment
    followed.note_result(result(), lambda: change)

    kinds = {touch.kind for touch in change.touches if change.lasts}
    assert {kind for kind in OF_CONTAINERS if followed.picture._touches.concern(before, kind, ID, "other")} == kinds


@pytest.mark.parametrize(
    ("status", "body", "is_made", "is_settled"),
    [(201, {"Id": "f" * 64}, True, True), (201, None, False, False), (0, None, False, True)],
)
def test_what_was_made_is_there_with_the_answer_and_what_failed_is_not(
    followed: FollowedDaemon, status: int, body: Any, *, is_made: bool, is_settled: bool
) -> None:
    followed.picture.note_swarm(followed.picture.moment, is_swarm=False)
    followed.picture.note_containers([], followed.picture.moment)
    enter(followed, "d-1", envelope(), CREATE, sources=(PLACE,))
    assert [*map(list, followed.picture.list_containers() or ())] == [[], []]
    followed.note_result(result(status, body), lambda: CREATE)

    assert [*map(list, followed.picture.list_containers() or ())] == [[], ["f" * 64] if is_made else []]
    assert followed.under_way.find_doubtful() == (frozenset() if is_settled else {"d-1"})
    assert followed.under_way.at().others == ([] if is_settled else [PLACE])


@pytest.mark.parametrize(
    ("status", "body", "stays"),
    [
        (200, {"ContainersDeleted": [ID]}, False),
        (200, {"ContainersDeleted": None}, True),
        (200, None, False),
        (0, None, True),
    ],
)
def test_what_was_pruned_is_gone(followed: FollowedDaemon, status: int, body: Any, *, stays: bool) -> None:
    pruning = PossibleChange(makes="pruned")
    enter(followed, "d-1", envelope(), pruning)
    assert is_known(followed)
    followed.note_result(result(status, body), lambda: pruning)

    assert is_known(followed) is stays


def test_a_service_needs_no_body(followed: FollowedDaemon) -> None:
    enter(followed, "d-1", envelope(), PossibleChange(makes="service"), sources=(PLACE,))
    followed.note_result(result(201), lambda: PossibleChange(makes="service"))
    assert followed.under_way.at().others == []


def test_while_there_are_too_many_nothing_is_known(followed: FollowedDaemon, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unanswered, "_MANY", 4)
    monkeypatch.setattr(unanswered, "_MOST", 6)

    def allow(*numbers: int) -> None:
        for number in numbers:
            enter(followed, str(number), envelope(b"%d" % number), PossibleChange(makes="exec"))

    def answer(*numbers: int) -> bool:
        for number in numbers:
            followed.note_result(result(request=b"%d" % number), lambda: PossibleChange(makes="exec"))
        read(followed)
        return is_known(followed)

    allow(0, 1, 2, 3)
    assert is_known(followed)
    allow(4, 5)
    # Those that were too many had no answer, whatever becomes of others.
    assert [answer(0, 1), answer(4), answer(5)] == [False, False, True]

    allow(6, 7, 8)
    assert not answer()
    # What is late keeps nothing from others.
    followed.note_late(-1.0)
    assert answer()
    allow(9, 10, 11, 12)
    assert not answer(*range(13))


def test_one_user_who_is_known_has_a_part_of_the_room(
    followed: FollowedDaemon, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(1024):
        assert followed.has_room_for("alice")
        enter(followed, str(number), envelope(b"%d" % number), WEB, "alice")
        enter(followed, str(number), envelope(b"-%d" % number), WEB)
    assert [followed.has_room_for(user) for user in ("alice", "bob", "")] == [False, True, True]

    followed.note_result(result(request=b"7"), lambda: WEB)
    assert followed.has_room_for("alice")
    enter(followed, "again", envelope(), WEB, "alice")
    assert not followed.has_room_for("alice")
    # dockerd may have lost them.
    followed.note_late(-1.0)
    assert followed.has_room_for("alice")

    monkeypatch.setattr(unanswered, "MAX_LATE_OF_ONE_USER", 1024)
    assert [followed.has_room_for(user) for user in ("alice", "bob")] == [False, True]
    followed.note_result(result(request=b"8"), lambda: WEB)
    assert followed.has_room_for("alice")


def test_a_late_join_of_a_swarm_makes_services_possible(followed: FollowedDaemon) -> None:
    followed.picture.note_swarm(followed.picture.moment, is_swarm=False)
    assert followed.picture.has_no_services()
    join = PossibleChange(EVERYTHING.touches, lasts=False)
    enter(followed, "d-1", envelope(), join)
    followed.note_late(-1.0)

    assert not followed.picture.has_no_services()


def test_a_name_that_is_not_resolved_can_be_that_of_each_container_without_one(followed: FollowedDaemon) -> None:
    rename = PossibleChange((Touch("container", "web"), Touch("container", "y")))
    enter(followed, "rename", envelope(b"rename"), rename)
    enter(followed, "connect", envelope(b"connect"), PossibleChange((Touch("container", "y"),)))
    followed.note_result(result(request=b"rename"), lambda: rename)
    read(followed)
    assert not is_known(followed)

    followed.note_result(result(request=b"connect"), lambda: rename)
    read(followed)
    assert is_known(followed)


EXEC = PossibleChange(makes="exec", name="web")
MADE = "e" * 64


def allow_exec(followed: FollowedDaemon, body: bytes) -> None:
    enter(followed, "d-1", envelope(body), EXEC)


def answer_exec(followed: FollowedDaemon, body: bytes) -> Any:
    """What is known of the exec then."""
    followed.note_result(result(201, {"Id": MADE}, body), lambda: EXEC)
    return followed.picture.find("exec", MADE)


@pytest.mark.parametrize(
    ("body", "privileged", "user"),
    [
        (b'{"Cmd": ["true"]}', False, "7:7"),
        (b'{"User": null, "Privileged": false}', False, "7:7"),
        (b'{"User": "root", "Privileged": true}', True, "root"),
    ],
)
def test_what_an_exec_is_its_request_says(followed: FollowedDaemon, body: bytes, privileged: bool, user: str) -> None:
    followed.picture.note_inspected("container", ID, shown(User="7:7"), followed.picture.moment)
    allow_exec(followed, body)

    process = {"privileged": privileged, "user": user}
    assert answer_exec(followed, body) == {"ID": MADE, "ContainerID": ID, "ProcessConfig": process}


@pytest.mark.parametrize(
    "body",
    [
        *(b'{"privileged": true}', b'{"Privileged": true, "Privileged": null}', '{"U\u017fer": "root"}'.encode()),
        *(b'{"User": 1}', b"[]", b'"User"', b""),
    ],
)
def test_an_exec_whose_request_can_be_read_otherwise_is_asked_for(followed: FollowedDaemon, body: bytes) -> None:
    allow_exec(followed, body)
    assert answer_exec(followed, body) is None


@pytest.mark.parametrize("ref", ["web", ID])
@pytest.mark.parametrize("changes", ["before its decision", "since its decision"])
def test_an_exec_of_what_changed_is_asked_for(followed: FollowedDaemon, ref: str, changes: str) -> None:
    if changes == "before its decision":
        followed.picture.note_touch(Touch("container", ref))
    allow_exec(followed, b"{}")
    if changes == "since its decision":
        followed.picture.note_touch(Touch("container", ref))
    read(followed)

    assert answer_exec(followed, b"{}") is None


def test_an_answer_that_may_be_that_of_an_equal_request_tells_nothing_of_what_changed_between(
    followed: FollowedDaemon,
) -> None:
    for _ in range(2):
        allow_exec(followed, b"{}")
        followed.picture.note_touch(Touch("container", "web"))
        read(followed)
    allow_exec(followed, b"{}")

    assert [answer_exec(followed, b"{}") for _ in range(3)] == [None] * 3
    allow_exec(followed, b"{}")
    assert answer_exec(followed, b"{}") is not None


def test_an_exec_beside_one_whose_answer_may_come_late_is_asked_for(followed: FollowedDaemon) -> None:
    allow_exec(followed, b"{}")
    followed.note_late(-1.0)
    followed.picture.note_touch(Touch("container", "web"))
    read(followed)
    for body, is_known in ((b"{}", False), (b"{}", False), (b'{"User": "root"}', True)):
        allow_exec(followed, body)
        assert (answer_exec(followed, body) is not None) is is_known


def test_an_exec_beside_one_of_an_earlier_process_is_asked_for() -> None:
    followed = FollowedDaemon()
    followed.picture.is_followed = True
    read(followed)
    allow_exec(followed, b"{}")
    assert answer_exec(followed, b"{}") is None


COPIED, GIVEN = NameUse("web", is_copy=True), NameUse("web", is_copy=False)
COPY, CREATES, RENAMES = (
    PossibleChange(makes="nothing"),
    PossibleChange(WEB.touches, "container", "web", lasts=False),
    PossibleChange(WEB.touches),
)


@pytest.mark.parametrize(
    ("change", "use", "lasts"), [(COPY, COPIED, True), (RENAMES, GIVEN, True), (CREATES, GIVEN, False)]
)
def test_a_name_is_in_use_until_the_answer(
    followed: FollowedDaemon, change: PossibleChange, use: NameUse, *, lasts: bool
) -> None:
    other = replace(use, is_copy=not use.is_copy)
    for id in ("d-1", "d-2"):
        enter(followed, id, envelope(), change, uses=(use,))
    for _ in range(2):
        assert not followed.under_way.at().allows(other)
        followed.note_result(result(), lambda: change)
    assert followed.under_way.at().allows(other)

    enter(followed, "d-3", envelope(), change, uses=(use,))
    followed.note_late(-1.0)
    assert followed.under_way.at().allows(other) is not lasts
    assert followed.under_way.at().may_give(use.name) is not lasts


def test_a_request_that_only_uses_a_name_is_not_waited_for_where_it_uses_none(followed: FollowedDaemon) -> None:
    for _ in range(2):
        enter(followed, "d-1", envelope(), COPY, "alicia")
    assert len(followed.under_way.unanswered) == 0
