"""Requests and answers are matched by their contents; what has no answer stays uncertain."""

import json
from typing import Any

import pytest

from portero.host.member import MountedPath
from portero.objects import followed_daemon
from portero.objects.changes import PossibleChange, Touch
from portero.objects.followed_daemon import FollowedDaemon
from portero.reading.envelope import Envelope, Result
from tests.objects.test_container_cache import ID, shown

WEB = PossibleChange((Touch("container", "web"),))
CREATE = PossibleChange((Touch("container", "web"),), "container", "web")
PLACE = MountedPath("/srv", True, "one")


def envelope(body: bytes = b"{}") -> Envelope:
    return Envelope("POST", "/containers/web/update", body, {}, "", "", ())


def result(status: int = 200, body: Any = None, request: bytes = b"{}") -> Result:
    return Result(envelope(request), status, json.dumps(body).encode() if body else b"")


@pytest.fixture
def followed() -> FollowedDaemon:
    made = FollowedDaemon()
    made.picture.is_followed = True
    read(made)
    return made


def read(followed: FollowedDaemon) -> None:
    followed.picture.note_inspected("container", ID, shown(), followed.picture.moment)


def is_known(followed: FollowedDaemon) -> bool:
    return followed.picture.find("container", ID) is not None


def test_from_the_decision_to_the_answer_it_is_asked_for(followed: FollowedDaemon) -> None:
    assert is_known(followed)
    followed.note_allowed("d-1", envelope(), WEB)
    read(followed)
    assert not is_known(followed)

    followed.note_result(result(), lambda: WEB)
    assert not is_known(followed)
    read(followed)
    assert is_known(followed)


def test_equal_requests_have_an_answer_each_and_that_of_another_one_is_none(followed: FollowedDaemon) -> None:
    for id in ("d-1", "d-2"):
        followed.note_allowed(id, envelope(), WEB)
    followed.note_result(result(request=b"{ }"), lambda: WEB)
    for _ in range(2):
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


def test_without_an_answer_it_is_uncertain_until_it_was_waited_for_long_enough(followed: FollowedDaemon) -> None:
    followed.note_allowed("d-1", envelope(), WEB)
    followed.end_unanswered()
    read(followed)
    assert not is_known(followed)

    followed.end_unanswered(-1.0)
    assert not is_known(followed)
    read(followed)
    assert is_known(followed)


@pytest.mark.parametrize(
    ("status", "body", "is_made", "is_settled"),
    [(201, {"Id": "f" * 64}, True, True), (201, None, False, False), (0, None, False, True)],
)
def test_what_was_made_is_there_with_the_answer_and_what_failed_is_not(
    followed: FollowedDaemon, status: int, body: Any, *, is_made: bool, is_settled: bool
) -> None:
    followed.picture.note_swarm(followed.picture.moment, is_swarm=False)
    followed.picture.note_containers([], followed.picture.moment)
    followed.creations.at().add("d-1", [PLACE], lambda newer: True)
    followed.note_allowed("d-1", envelope(), CREATE)
    assert [*map(list, followed.picture.list_containers() or ())] == [[], []]
    followed.note_result(result(status, body), lambda: CREATE)

    assert [*map(list, followed.picture.list_containers() or ())] == [[], ["f" * 64] if is_made else []]
    assert followed.creations.find_doubtful() == (frozenset() if is_settled else {"d-1"})
    assert list(followed.creations.at().others) == ([] if is_settled else [PLACE])


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
    followed.note_allowed("d-1", envelope(), pruning)
    assert is_known(followed)
    followed.note_result(result(status, body), lambda: pruning)

    assert is_known(followed) is stays


def test_a_service_needs_no_body_and_an_exec_is_read_ahead(followed: FollowedDaemon) -> None:
    followed.creations.at().add("d-1", [PLACE], lambda newer: True)
    followed.note_allowed("d-1", envelope(), PossibleChange(makes="service"))
    followed.note_result(result(201), lambda: PossibleChange(makes="service"))
    assert list(followed.creations.at().others) == []

    followed.note_result(result(201, {"Id": ID}), lambda: PossibleChange(makes="exec"))
    assert [*followed.new_execs] == [ID]


def test_while_there_are_too_many_nothing_is_known(followed: FollowedDaemon) -> None:
    followed.note_allowed("d-0", envelope(), WEB)
    for number in range(4096):
        followed.note_allowed(str(number), envelope(b"%d" % number), PossibleChange(makes="exec"))
    # None of them had its answer, whatever becomes of another one.
    followed.note_result(result(request=b"4095"), lambda: PossibleChange(makes="exec"))
    followed.end_unanswered()
    read(followed)
    assert not is_known(followed)

    followed.end_unanswered(-1.0)
    read(followed)
    assert is_known(followed)


def test_one_user_who_is_known_has_a_part_of_the_room(followed: FollowedDaemon) -> None:
    for number in range(1024):
        assert followed.has_room_for("alice")
        followed.note_allowed(str(number), envelope(b"%d" % number), WEB, "alice")
        followed.note_allowed(str(number), envelope(b"-%d" % number), WEB)
    assert [followed.has_room_for(user) for user in ("alice", "bob", "")] == [False, True, True]

    followed.note_result(result(request=b"7"), lambda: WEB)
    assert followed.has_room_for("alice")
    followed.note_allowed("again", envelope(), WEB, "alice")
    followed.end_unanswered()
    assert not followed.has_room_for("alice")
    followed.end_unanswered(-1.0)
    assert followed.has_room_for("alice")


EXEC = PossibleChange(makes="exec", name="web")
MADE = "e" * 64


def allow_exec(followed: FollowedDaemon, body: bytes) -> None:
    followed.note_allowed("d-1", envelope(body), EXEC)


def answer_exec(followed: FollowedDaemon, body: bytes) -> Any:
    """What is known of the exec then."""
    followed.new_execs.clear()
    followed.note_result(result(201, {"Id": MADE}, body), lambda: EXEC)
    assert (followed.picture.find("exec", MADE) is None) is (MADE in followed.new_execs)
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
    followed.end_unanswered(-1.0)
    for body, is_known in ((b"{}", False), (b'{"User": "root"}', True)):
        allow_exec(followed, body)
        assert (answer_exec(followed, body) is not None) is is_known


def test_while_too_many_answers_may_come_late_each_exec_is_asked_for(
    followed: FollowedDaemon, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(followed_daemon, "_MANY", 2)
    for number in range(9):
        allow_exec(followed, b'{"User": "%d"}' % number)
        followed.end_unanswered(-1.0)
    allow_exec(followed, b"{}")

    assert answer_exec(followed, b"{}") is None
