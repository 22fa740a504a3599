"""Each process of a daemon is followed for itself; whose request it is and cannot be told, all begin anew."""

import base64
import errno
import json
import random
import threading
import time
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from portero.decide.decision import Decision
from portero.decide.interfaces.daemon import Peer
from portero.decide.interfaces.effects import EVERYTHING, Effects, NameUse, Source
from portero.decide.objects.changes import find_change
from portero.decide.reading.envelope import read_envelope
from portero.decide.values.refusals import Refused
from portero.observe.lookups import followed_daemons, picture_reader
from portero.observe.lookups.followed_daemon import FollowedDaemon
from portero.observe.lookups.followed_daemons import FollowedDaemons
from portero.observe.stores import api_tables
from portero.observe.writers.writer_memory import WriterMemory
from tests.decided import decided
from tests.observe.dockerd.test_asking_daemon import ROOTS, locate
from tests.observe.lookups.test_container_cache import ID, shown
from tests.waiting import wait_until

ROUTES = api_tables.load_api()[0]
DAEMON = locate(ROOTS)
PEER = Peer(1, 0)


def follow(find: Any = lambda peer: DAEMON, writers: WriterMemory | None = None) -> FollowedDaemons:
    return FollowedDaemons(ROUTES, find, lambda daemon: (), writers)


def post(uri: str, **more: Any) -> bytes:
    return json.dumps({"RequestMethod": "POST", "RequestUri": uri, **more}).encode()


def decide(data: bytes, **effects: Any) -> Decision:
    """The decision that allows this."""
    envelope, change = None, EVERYTHING
    with suppress(Refused):
        envelope = read_envelope(data)
        change = find_change(ROUTES.read_request(envelope))
    made = Effects(change=change, **effects)
    allowed = decided()
    return replace(allowed, envelope=envelope, effects=made)


def allow(followed: FollowedDaemons, data: bytes, peer: Peer | None = PEER) -> None:
    assert followed.commit(decide(data), peer, lambda newer: True)


def is_known(followed: FollowedDaemons) -> bool:
    picture = followed.at(DAEMON).picture
    picture.is_followed = True
    found = picture.find("container", ID) is not None
    picture.note_inspected("container", ID, shown(), picture.moment)
    return found


def test_a_new_process_and_one_that_is_not_seen_are_others() -> None:
    followed = follow()

    assert followed.at(DAEMON) is followed.at(DAEMON)
    assert followed.at(replace(DAEMON, started=DAEMON.started + 1)) is not followed.at(DAEMON)
    assert followed.at(None) is followed.at(None)


def test_a_request_and_its_answer_reach_the_daemon_that_asks() -> None:
    followed, request = follow(), post("/containers/web/update")
    assert [is_known(followed), is_known(followed)] == [False, True]
    allow(followed, request)
    assert [is_known(followed), is_known(followed)] == [False, False]
    followed.note_result(request, PEER)
    assert [is_known(followed), is_known(followed)] == [False, True]
    allow(followed, request, None)
    assert is_known(followed)


def test_no_request_is_decided_between_an_answer_and_its_note(monkeypatch: pytest.MonkeyPatch) -> None:
    followed, request, seen = follow(), post("/containers/web/update"), list[str]()
    may_note, is_answered = threading.Event(), threading.Event()

    def note(self: FollowedDaemon, *result: object) -> None:
        assert may_note.wait(10)
        seen.append("noted")

    def decide() -> None:
        followed.wait_for_results()
        seen.append("decided")

    monkeypatch.setattr(FollowedDaemon, "note_result", note)
    followed.wait_for_results()
    threads = [threading.Thread(target=followed.note_result, args=(request, PEER, is_answered.set))]
    threads[0].start()
    assert is_answered.wait(10)
    threads.append(threading.Thread(target=decide))
    threads[1].start()
    threads[1].join(0.1)
    assert followed._noting.locked()
    # A read changes nothing, and is answered meanwhile.
    followed.note_result(request.replace(b'"POST"', b'"GET"').replace(b": ", b":"), PEER, lambda: seen.append("read"))
    may_note.set()
    for thread in threads:
        thread.join(10)

    assert seen == ["read", "noted", "decided"]


def test_nothing_waits_for_what_is_answered_later(monkeypatch: pytest.MonkeyPatch) -> None:
    followed, seen = follow(), list[bool]()
    monkeypatch.setattr(FollowedDaemon, "note_result", lambda self, *_: seen.append(followed._noting.locked()))
    followed.note_result(post("/containers/web/update"), PEER)
    followed.note_result(post("/containers/web/update"), PEER, lambda: None)

    assert seen == [False, True]


def test_what_cannot_be_answered_is_noted() -> None:
    followed, request = follow(), post("/containers/web/update")
    is_known(followed)
    allow(followed, request)

    def hang_up() -> None:
        raise BrokenPipeError

    with pytest.raises(BrokenPipeError):
        followed.note_result(request, PEER, hang_up)
    followed.wait_for_results()
    assert [is_known(followed), is_known(followed)] == [False, True]


def test_clients_that_act_on_answers_find_what_these_changed() -> None:
    """Two threads note results and decide, in any order: what a client was shown is never unknown to its next request.

    The daemon is a set of what there is; a client asks for what it, or another one, was shown last.
    """
    followed, chance = follow(), random.Random(7)
    picture, faults = followed.at(DAEMON).picture, list[str]()
    picture.is_followed = True
    picture.note_swarm(picture.moment, is_swarm=False)
    picture.note_containers([], picture.moment)
    shown_ids, lock = list[str](), threading.Lock()

    def work(seed: int) -> None:
        own = random.Random(seed)
        for number in range(150):
            with lock:
                must_be_there = [*shown_ids]
            followed.wait_for_results()
            listed = picture.list_containers()
            if listed is not None and not {*must_be_there} <= {*listed[1]}:
                faults.append(f"{seed} {number}")
            data = post(f"/containers/create?name=w{seed}-{number}")
            allow(followed, data)
            made = f"{own.getrandbits(256):064x}"
            answered = post(
                f"/containers/create?name=w{seed}-{number}",
                ResponseStatusCode=201,
                ResponseBody=base64.b64encode(json.dumps({"Id": made}).encode()).decode(),
            )

            def show(made: str = made) -> None:
                with lock:
                    shown_ids.append(made)
                time.sleep(0.0001)  # others run now

            followed.note_result(answered, PEER, show)

    threads = [threading.Thread(target=work, args=(chance.random(),)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)

    assert (len(shown_ids), faults) == (600, [])


@pytest.mark.parametrize(
    ("data", "begins_anew"),
    [(b"no json", True), (post("/nobody/knows"), True), (post("/containers/web/wait"), False)],
    ids=["no JSON", "no operation", "one that changes nothing that is kept"],
)
def test_what_is_allowed_and_cannot_be_read_begins_anew(data: bytes, *, begins_anew: bool) -> None:
    followed = follow()
    anew = followed.at(DAEMON).picture.anew
    allow(followed, data)

    assert (followed.at(DAEMON).picture.anew > anew) is begins_anew


def test_where_the_daemon_cannot_be_told_it_can_be_each_of_them() -> None:
    faults: list[OSError] = []

    def find(peer: Peer) -> Any:
        if faults:
            raise faults[0]
        return DAEMON

    followed, request = follow(find), post("/containers/web/update")
    other = followed.at(replace(DAEMON, started=1)).picture
    assert [is_known(followed), is_known(followed)] == [False, True]
    faults.append(OSError(errno.EMFILE, "too many open files"))
    allow(followed, request)
    assert other._touches.are_under_way("container", "", "web")
    # It is carried out only now: what was read again since is not known.
    assert [is_known(followed), is_known(followed)] == [False, False]
    followed.note_result(request, PEER)
    assert [is_known(followed), is_known(followed)] == [False, True]


def test_room_is_needed_at_each_daemon_that_it_can_be() -> None:
    def fail(peer: Peer) -> None:
        raise OSError(errno.EMFILE, "too many open files")

    followed = follow(fail)
    assert followed.has_room_for("alice", PEER)
    followed.at(DAEMON).has_room_for = lambda user: user != "alice"  # type: ignore[method-assign]
    assert [followed.has_room_for(user, PEER) for user in ("alice", "bob")] == [False, True]


def test_only_who_watches_reads_ahead(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    started: list[str] = []
    # At first there is no room for a thread.
    monkeypatch.setattr(
        followed_daemons, "try_start_thread", lambda name, run: (started.append(name), len(started) > 1)[1]
    )
    followed = follow()
    followed.at(replace(DAEMON, started=1))
    followed.watch()
    followed.at(None)
    assert not started

    for _ in range(3):
        followed.at(DAEMON)
    assert started == ["picture", "picture"]


def test_daemons_that_ask_in_turns_get_no_more_readers(monkeypatch: pytest.MonkeyPatch) -> None:
    started, now = list[str](), [100.0]
    monkeypatch.setattr(followed_daemons, "try_start_thread", lambda name, run: started.append(name) or True)
    monkeypatch.setattr(followed_daemons, "time", SimpleNamespace(monotonic=lambda: now[0]))
    followed = follow()
    followed.watch()
    for _ in range(3):
        for number in range(9):
            followed.at(replace(DAEMON, started=DAEMON.started + number))
    assert len(started) == 8
    assert not followed.at(replace(DAEMON, started=DAEMON.started + 8)).is_read

    now[0] += 61
    assert followed.at(replace(DAEMON, started=DAEMON.started + 8)).is_read


def test_the_reader_ends_with_its_daemon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(picture_reader, "_FIRST_SECONDS", 0.0)
    ended: list[float] = []
    start = followed_daemons.try_start_thread
    monkeypatch.setattr(
        followed_daemons,
        "try_start_thread",
        lambda name, run: start(name, lambda: (run(), ended.append(time.time()))[0]),
    )
    followed = follow()
    followed.watch()
    followed.at(DAEMON)

    wait_until(lambda: ended, "the reader went on")


def test_what_was_refused_after_all_is_not_being_created() -> None:
    followed, request = follow(), post("/containers/create?name=web")
    seen = followed.at(DAEMON).under_way
    sources, uses = (Source("/srv", True, "one"),), (NameUse("web", is_copy=False),)
    decision = decide(request, sources=sources, uses=uses)
    for _ in range(2):
        assert followed.commit(decision, PEER, lambda newer: True)
        assert seen.at().others
        assert not seen.at().allows(NameUse("web", is_copy=True))
        assert followed.at(DAEMON).picture._touches.are_under_way("container", "", "web")
        followed.withdraw(decision, PEER)

        assert not seen.at().others
        assert seen.at().allows(NameUse("web", is_copy=True))
        assert not followed.at(DAEMON).picture._touches.are_under_way("container", "", "web")


def test_what_is_refused_at_last_is_withdrawn_although_its_uri_cannot_be_read() -> None:
    followed = follow()
    decision = decide(post("/containers/%zz/start"))
    assert decision.effects.change == EVERYTHING

    assert followed.commit(decision, PEER, lambda newer: True)
    assert followed.at(DAEMON).picture._touches.are_under_way_for_all
    followed.withdraw(decision, PEER)

    assert not followed.at(DAEMON).picture._touches.are_under_way_for_all


def test_the_daemon_that_asked_last_is_the_last_to_go() -> None:
    followed = follow()
    kept = followed.at(DAEMON)
    for started in range(1, 20):
        followed.at(replace(DAEMON, started=DAEMON.started + started))
        assert followed.at(DAEMON) is kept
