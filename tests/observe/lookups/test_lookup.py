"""Lookups of one request: each object once, in two seconds; no answer is a refusal and never an absence."""

import errno
import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from urllib.parse import quote

import pytest

from portero.decide.interfaces.daemon import ListedKind, ObjectKind
from portero.decide.interfaces.effects import Effects, NameUse, Source, Touch
from portero.decide.values.json_fields import JSON
from portero.decide.values.refusals import Refused
from portero.observe.dockerd import api
from portero.observe.lookups import lookup
from portero.observe.lookups.followed_daemon import FollowedDaemon
from portero.observe.lookups.lookup import DaemonObjects, ObjectLookup
from portero.observe.process import threads
from tests.observe.dockerd.test_asking_daemon import ROOTS, locate
from tests.observe.lookups.answering import answering, failure, http
from tests.observe.pending.test_under_way import enter
from tests.unix_server import Handler, serving, silent

DAEMON = locate(ROOTS)


def look_up(known: DaemonObjects) -> ObjectLookup:
    """What one request asks."""
    found = known.new_lookup(lambda: None)
    assert found is not None
    return found


def objects(*addresses: str) -> ObjectLookup:
    return look_up(DaemonObjects(lambda daemon: addresses))


def test_without_a_socket_there_are_no_lookups() -> None:
    blind = DaemonObjects(lambda daemon: ())
    assert blind.state == "auto"

    assert blind.new_lookup(lambda: DAEMON) is None
    assert blind.state == "unavailable"


def test_how_the_last_lookup_went_is_known(address: str) -> None:
    found = DaemonObjects(lambda daemon: [address])
    lookup = look_up(found)
    with pytest.raises(Refused):
        lookup.inspect("container", "web")
    assert found.state == "unanswered"

    with answering(address, {"/containers/odd/json": failure("500 Oh")}):
        assert lookup.inspect("container", "other") is None
        assert found.state == "auto"
        found.state = "unanswered"
        with pytest.raises(Refused):
            lookup.inspect("container", "odd")
    assert found.state == "auto"


def test_the_sockets_are_those_of_the_daemon_that_asks() -> None:
    seen = []
    DaemonObjects(lambda daemon: seen.append(daemon) or ()).new_lookup(lambda: DAEMON)

    assert seen == [DAEMON]


class Unreadable:
    """The sockets of a daemon whose configured one does not answer, where no descriptor is left to look for others."""

    def __iter__(self) -> Iterator[str]:
        yield "none.sock"
        raise OSError(errno.EMFILE, "Too many open files")


@pytest.mark.parametrize("ask", [lambda found: found.inspect("volume", "x"), lambda found: found.list_all("network")])
def test_sockets_that_cannot_be_read_are_no_answer(ask: Callable[[ObjectLookup], object]) -> None:
    found = DaemonObjects(lambda daemon: Unreadable()).new_lookup(lambda: DAEMON)
    assert found is not None

    with pytest.raises(Refused, match="host-unreadable"):
        ask(found)


@pytest.mark.parametrize(
    ("kind", "target"),
    [
        ("container", "/containers/a%2Fb/json"),
        ("exec", "/exec/a%2Fb/json"),
        ("image", "/images/a/b/json"),
        ("volume", "/volumes/a%2Fb"),
        ("network", "/networks/a%2Fb"),
        ("service", "/services/a%2Fb"),
        ("secret", "/secrets/a%2Fb"),
        ("config", "/configs/a%2Fb"),
    ],
)
@pytest.mark.parametrize("body", ['{"Name": "web"}', None], ids=["there", "missing"])
def test_an_object_is_asked_for_once(address: str, kind: ObjectKind, target: str, body: str | None) -> None:
    with answering(address, {} if body is None else {target: http("200 OK", body)}) as asked:
        found = objects(address)
        assert [found.inspect(kind, "a/b") for _ in range(2)] == [body and {"Name": "web"}] * 2

    assert len(asked) == 1


def test_what_is_no_reference_is_no_image(address: str) -> None:
    answers = {"/images/A/json": failure("400 Bad Request"), "/volumes/A": failure("400 Bad Request")}
    with answering(address, answers):
        assert objects(address).inspect("image", "A") is None
        # Of all else dockerd says so that several IDs begin with it.
        with pytest.raises(Refused, match="name-ambiguous"):
            objects(address).inspect("volume", "A")


@pytest.mark.parametrize("name", ["busybox/", "team//app", "../app", "team/./app"])
def test_what_dockerd_takes_for_another_path_is_no_image_and_is_not_asked_for(address: str, name: str) -> None:
    with answering(address, {}) as asked:
        assert objects(address).inspect("image", name) is None

    assert asked == []


@pytest.mark.parametrize(
    ("kind", "status", "is_absent"),
    [
        ("exec", "409 Conflict", False),
        ("service", "503 Service Unavailable", True),
        ("secret", "503 Service Unavailable", True),
        ("config", "503 Service Unavailable", True),
        ("container", "409 Conflict", False),
        ("container", "500 Internal Server Error", False),
        ("container", "403 Forbidden", False),
        ("container", "301 Moved Permanently", False),
    ],
)
def test_only_what_dockerd_itself_refuses_to_use_is_absent(
    address: str, kind: ObjectKind, status: str, *, is_absent: bool
) -> None:
    target = f"/{kind}s/x" if is_absent else {"exec": "/exec/x/json", "container": "/containers/x/json"}[kind]
    with answering(address, {target: failure(status)}):
        if is_absent:
            assert objects(address).inspect(kind, "x") is None
        else:
            with pytest.raises(Refused, match="lookup-failed"):
                objects(address).inspect(kind, "x")


@pytest.mark.parametrize("body", ["", "[]", "{", "[" * 100_000, json.dumps({"Name": "x" * (9 << 20)})])
def test_an_answer_that_is_no_object_of_a_bounded_size_is_refused(address: str, body: str) -> None:
    with answering(address, {"/volumes/x": http("200 OK", body)}), pytest.raises(Refused, match="lookup-failed"):
        objects(address).inspect("volume", "x")


def test_silence_is_refused_in_time_and_the_time_is_for_all_lookups(
    address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(api, "SECONDS", 0.05)
    with silent(address):
        found = objects(address)
        for name in ("a", "b"):
            with pytest.raises(Refused, match="lookup-failed"):
                found.inspect("volume", name)


def test_who_asks_a_silent_daemon_often_waits_less(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(api, "SECONDS", 0.05)
    known = DaemonObjects(lambda daemon: [address])
    with silent(address):
        for _ in range(4):
            assert known.find_seconds() == 0.05
            with pytest.raises(Refused, match="lookup-failed"):
                look_up(known).inspect("volume", "x")
    monkeypatch.setattr(api, "SECONDS", 2.0)

    assert known.find_seconds() == 0.3


def test_the_next_socket_of_the_daemon_is_asked_when_one_does_not_answer(address: str) -> None:
    with answering(address, {"/volumes/x": http("200 OK", "{}")}):
        assert objects("missing.sock", address).inspect("volume", "x") == {}


def test_a_request_looks_up_so_many_objects_at_most(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lookup, "_MAX_OBJECTS", 8)
    with answering(address, {}) as asked:
        found = objects(address)
        for number in range(8):
            found.inspect("volume", f"v{number}")
        with pytest.raises(Refused, match="too-many-objects"):
            found.inspect("volume", "v8")

    assert len(asked) == 8


def gathered(*ids: str, kind: str = "configs", data: str = "") -> dict[str, bytes]:
    """A daemon's answer to the question for these, which has all but the last."""
    shown = [{"ID": id, "Spec": {"Name": id, "Data": data}, "Version": {}} for id in ids[:-1]]
    target = f"/{kind}?filters={quote(json.dumps({'id': ids}))}"
    return {target: http("200 OK", json.dumps(shown))}


def test_configs_are_gathered_in_one_question_and_what_is_missing_there_is_asked_for(address: str) -> None:
    ids = "a" * 25, "b" * 25, "c" * 25
    with answering(address, gathered(*ids)) as asked:
        found = objects(address)
        found.gather("config", [*ids, "app", ids[0]])
        shown = [found.inspect("config", id) for id in (*ids, "app")]

    assert shown == [*({"ID": id, "Spec": {"Name": id, "Data": ""}} for id in ids[:2]), None, None]
    assert [line.split()[1] for line in asked][1:] == [f"/configs/{'c' * 25}", "/configs/app"]


def test_many_are_gathered_piece_by_piece(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lookup, "_MAX_GATHERED", 2)
    ids = [letter * 25 for letter in "abcd"]
    with answering(address, gathered(*ids[:2], kind="secrets") | gathered(*ids[2:], kind="secrets")) as asked:
        objects(address).gather("secret", ids)

    assert len(asked) == 2


@pytest.mark.parametrize(
    ("bound", "code"), [({"_MAX_OBJECTS": 1}, "too-many-objects"), ({"_MAX_DATA": 9}, "too-many-objects"), ({}, "")]
)
def test_what_is_gathered_is_bounded(
    address: str, monkeypatch: pytest.MonkeyPatch, bound: dict[str, int], code: str
) -> None:
    for name, value in bound.items():
        monkeypatch.setattr(lookup, name, value)
    ids = "a" * 25, "b" * 25
    refused = pytest.raises(Refused, match=code) if code else nullcontext()
    with answering(address, gathered(*ids, data="0123456789")), refused:
        objects(address).gather("config", ids)


@pytest.mark.parametrize("answer", [failure("500 Oh"), http("200 OK", '[{"ID": 1'), http("200 OK", "{}")])
def test_without_an_answer_nothing_is_gathered(address: str, answer: bytes) -> None:
    target = next(iter(gathered("a" * 25, "b" * 25)))
    with answering(address, {target: answer}), pytest.raises(Refused, match="lookup-failed"):
        objects(address).gather("config", ["a" * 25, "b" * 25])


def test_info_is_kept_for_a_minute(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    known = DaemonObjects(lambda daemon: (address,))
    with answering(address, {"/info": http("200 OK", '{"CgroupVersion": "2"}')}) as asked:
        for _ in range(2):
            found = look_up(known)
            assert found.info() == {"CgroupVersion": "2"}
        monkeypatch.setattr(lookup, "_INFO_SECONDS", 0.0)
        assert found.info() == {"CgroupVersion": "2"}

    assert len(asked) == 2


@pytest.mark.parametrize("listed", [[{"Id": "1"}], []], ids=["one", "none"])
def test_the_list_of_containers_is_asked_for_once(address: str, listed: list[JSON]) -> None:
    with answering(address, {"/containers/json?all=1": http("200 OK", json.dumps(listed))}) as asked:
        found = objects(address)
        assert [found.list_all("container") for _ in range(2)] == [listed, listed]

    assert len(asked) == 1


LONG = json.dumps([{"Id": "x" * (17 << 20)}])


@pytest.mark.parametrize(
    "answer", ["404 Not Found []", "500 [] []", "200 {}", "200 [1]", "200 [", "200 null", "200 " + LONG]
)
def test_a_list_that_does_not_come_is_not_an_empty_one(address: str, answer: str) -> None:
    status, _, body = answer.partition(" ")
    with (
        answering(address, {"/containers/json?all=1": http(f"{status} X", body)}),
        pytest.raises(Refused, match="lookup-failed"),
    ):
        objects(address).list_all("container")


def test_a_list_may_be_long_and_only_what_is_needed_is_kept(address: str) -> None:
    one = {"Id": "x" * 64, "Names": ["/a"], "Labels": {"long": "x" * (3 << 20)}, "Command": "sh"}
    with answering(address, {"/containers/json?all=1": http("200 OK", json.dumps([one] * 7))}):
        assert objects(address).list_all("container") == [{"Id": "x" * 64, "Names": ["/a"]}] * 7


# What dockerd answers to anything where it serves its metrics.
NO_API = http("404 Not Found", "404 page not found\n")


def test_a_socket_of_the_daemon_that_is_not_of_the_api_tells_nothing(address: str) -> None:
    targets = ("/containers/web/json", "/networks/app", "/services")
    with (
        answering(address, {target: failure("500 Oh") for target in targets}),
        answering("metrics.sock", dict.fromkeys(targets, NO_API)),
    ):
        found = objects(address, "metrics.sock")
        for ask in (
            lambda: found.inspect("container", "web"),
            lambda: found.inspect("network", "app"),
            lambda: found.list_all("service"),
        ):
            with pytest.raises(Refused, match="lookup-failed"):
                ask()


@pytest.mark.parametrize(("kind", "target"), [("service", "/services"), ("container", "/containers/json?all=1")])
def test_services_are_absent_where_there_is_no_swarm(address: str, kind: ListedKind, target: str) -> None:
    with answering(address, {target: failure("503 Service Unavailable")}):
        if kind == "service":
            assert objects(address).list_all(kind) == []
        else:
            with pytest.raises(Refused):
                objects(address).list_all(kind)


def test_judging_began_before_the_first_lookup(address: str) -> None:
    assert 0 < objects(address).since <= time.time()


def pictured(address: str, *unknown: str) -> tuple[FollowedDaemon, ObjectLookup]:
    """A daemon that is known to have web, and containers of which no more is known than that."""
    followed = FollowedDaemon()
    picture = followed.picture
    picture.is_followed = True
    picture.note_swarm(picture.moment, is_swarm=False)
    picture.note_containers([], picture.moment)
    picture.note_inspected("container", WEB["Id"], WEB, picture.moment)
    for id in unknown:
        picture.note_made(id)
    return followed, look_up(DaemonObjects(lambda daemon: [address], find_followed=lambda daemon: followed))


WEB: dict[str, JSON] = {"Id": "a" * 64, "Name": "/web", "State": {"Status": "exited"}, "Config": {}, "HostConfig": {}}


def test_what_the_picture_has_is_not_asked_for(address: str) -> None:
    _, found = pictured(address)

    assert found.inspect("container", "web") is not None
    assert [one["Id"] for one in found.list_all("container")] == [WEB["Id"]]
    assert found.list_all("service") == []


def test_dockerd_itself_is_asked_before_a_refusal(address: str) -> None:
    _, found = pictured(address)
    assert not found.refresh()
    _, found = pictured(address)
    assert found.inspect("container", "web") is not None
    with answering(address, {}):
        assert found.refresh()
        assert found.inspect("container", "web") is None
        assert not found.refresh()


@pytest.mark.parametrize(("number", "target"), [(8, "/containers/{}/json"), (9, "/containers/json?all=1")])
def test_a_few_that_are_not_certain_are_asked_for_and_many_are_listed(address: str, number: int, target: str) -> None:
    ids = [f"{digit:x}" * 64 for digit in range(number)]
    _, found = pictured(address, *ids)
    answers = {target.format(id): http("200 OK", json.dumps({**WEB, "Id": id, "Name": f"/{id[0]}"})) for id in ids}
    with answering(address, answers if number == 8 else {target: http("200 OK", "[]")}) as asked:
        listed = found.list_all("container")

    assert len(asked) == (8 if number == 8 else 1)
    assert len(listed) == (9 if number == 8 else 0)


LIST = "/containers/json?all=1"


@pytest.mark.parametrize("is_under_way", [True, False], ids=["started by a request", "by a restart policy"])
def test_one_that_hangs_while_it_starts_is_listed(address: str, *, is_under_way: bool) -> None:
    followed, found = pictured(address, "b" * 64)
    if is_under_way:
        followed.picture.begin([Touch("state", "b" * 64)])
    # Without an answer to the question about the container.
    hangs = {f"/containers/{'b' * 64}/json": b""}
    with answering(address, {**hangs, LIST: http("200 OK", '[{"Id": "b"}]')}) as asked:
        assert found.list_all("container") == [{"Id": "b"}]

    assert len(asked) == (1 if is_under_way else 2)
    assert not found.refresh()


def test_a_create_that_failed_is_not_seen_after_a_list(address: str) -> None:
    followed, _ = pictured(address)
    effects = Effects(sources=(Source("/srv", True, "one"),), uses=(NameUse("web", is_copy=False),))
    enter(followed.under_way, "d-1", effects, agrees=True)
    found = look_up(DaemonObjects(lambda daemon: [address], find_followed=lambda daemon: followed))
    found.list_all("container")
    assert found.pending.others
    followed.under_way.settle("d-1", is_settled=False)
    assert not found.pending.allows(NameUse("web", is_copy=True))
    with answering(address, {LIST: http("200 OK", "[]")}):
        assert found.refresh()
        found.list_all("container")

    assert not found.pending.others
    assert found.pending.allows(NameUse("web", is_copy=True))


def test_who_does_not_answer_soon_leaves_time_for_others(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lookup, "_BRIEF_SECONDS", 0.0)
    with answering(address, {"/volumes/x": http("200 OK", "{}")}):
        found = objects(address)
        with pytest.raises(Refused, match="lookup-failed"):
            found.inspect_briefly("volume", "x")
        assert found.inspect("volume", "x") == {}


def test_what_is_asked_for_just_now_is_asked_of_dockerd(address: str) -> None:
    found = pictured(address)[1]
    assert found.inspect("container", str(WEB["Id"])) is not None
    running = {**WEB, "State": {"Status": "running", "StartedAt": "now"}}
    with answering(address, {f"/containers/{WEB['Id']}/json": http("200 OK", json.dumps(running))}):
        assert found.inspect_briefly("container", str(WEB["Id"])) == running


def test_after_several_silences_less_is_waited_for_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 100.0
    monkeypatch.setattr(lookup.time, "monotonic", lambda: now)
    found = DaemonObjects(lambda daemon: ())
    waited = []
    for _ in range(5):
        waited.append(found.find_seconds())
        found.note_answer("unanswered", is_late=True)
        now += 1

    assert waited == [2.0, 2.0, 2.0, 2.0, 0.3]
    now = 110.9
    assert found.find_seconds() == 0.3
    # Others are answered: it is not the daemon. What holds a turn that others need waits no longer all the same.
    found.note_answer("auto", is_late=False)
    assert found.find_seconds() == 2.0
    threads.set_hurried(True)
    assert found.find_seconds() == 0.3
    threads.set_hurried(False)
    now = 111.0
    assert found.find_seconds() == 2.0


class Locked(Handler):
    """A daemon that answers pings, and about a container that starts when `started` is set."""

    protocol_version = "HTTP/1.0"  # no connection is left in the pool
    started = threading.Event()

    def respond(self) -> None:
        if self.path != "/_ping":
            self.started.wait(10)
        self.reply(b"{}")


@pytest.mark.parametrize("is_hurried", [False, True])
def test_a_daemon_that_answers_others_is_waited_for_by_those_that_hold_nothing_that_others_need(
    address: str, monkeypatch: pytest.MonkeyPatch, *, is_hurried: bool
) -> None:
    """A container whose start is slow or hangs holds its lock; a false refusal came after 2 s, or 0.3 s."""
    monkeypatch.setattr(api, "SECONDS", 1.0)
    monkeypatch.setattr(api, "MOST_SECONDS", 9.0)
    monkeypatch.setattr(Locked, "started", threading.Event())
    threads.set_hurried(is_hurried)
    known = DaemonObjects(lambda daemon: [address])
    with serving(address, Locked):
        threading.Timer(1.8, Locked.started.set).start()
        slow = look_up(known)
        if is_hurried:
            with pytest.raises(Refused, match="lookup-failed"):
                slow.inspect("container", "web")
        else:
            assert slow.inspect("container", "web") == {}
        Locked.started.wait(10)
    threads.set_hurried(False)
    assert known.patience.acquire(blocking=False)
    assert known.find_seconds() == 1.0


def test_a_container_that_hangs_its_start_ends_in_time_and_few_wait_for_it(
    address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(api, "SECONDS", 1.0)
    monkeypatch.setattr(api, "MOST_SECONDS", 2.0)
    monkeypatch.setattr(Locked, "started", threading.Event())
    known = DaemonObjects(lambda daemon: [address])
    with serving(address, Locked):
        for free, most in ((64, 5.0), (0, 2.0)):
            known.patience = threading.Semaphore(free)
            began = time.monotonic()
            with pytest.raises(Refused, match="lookup-failed"):
                look_up(known).inspect("container", "web")
            assert (2.0 if free else 1.0) <= time.monotonic() - began < most
        # It is no silence of the daemon while that is seen to answer others.
        assert len(known._silences) == 1
        Locked.started.set()
