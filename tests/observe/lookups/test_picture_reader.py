"""Events change the picture as the requests that Portero does not see would; an end of the stream begins anew."""

import os
import socket
from typing import Any

import pytest

from portero.decide.interfaces.effects import Touch
from portero.decide.values.refusals import Refused
from portero.observe.lookups import picture_check, picture_reader
from portero.observe.lookups.followed_daemon import FollowedDaemon
from portero.observe.lookups.picture_reader import PictureReader
from tests.observe.dockerd.test_asking_daemon import ROOTS, locate
from tests.observe.lookups.test_container_cache import ID, shown

NEW = "f" * 64
INFO = {"Swarm": {"LocalNodeState": "inactive"}}


class Daemon:
    """Answers for dockerd, and notes the answers as questions do."""

    def __init__(self, followed: FollowedDaemon, containers: list[Any]) -> None:
        self.picture, self.containers = followed.picture, containers
        self.info: Any = INFO
        self.networks = list[Any]()
        self.asked: list[str] = []

    def ask_info(self) -> Any:
        self.asked.append("info")
        return self.info

    def ask_for(self, kind: Any, id: str) -> Any:
        self.asked.append(id)
        moment = self.picture.moment
        found = next((one for one in self.containers if one["Id"] == id), None)
        self.picture.note_inspected(kind, id, found, moment)
        return found

    def read_all(self, kind: Any) -> Any:
        if kind == "network":
            return self.networks
        return [{"Id": one["Id"], "Names": [one["Name"]], "State": one["State"]["Status"]} for one in self.containers]

    def ask_for_all(self, kind: Any) -> None:
        self.picture.note_containers(self.read_all(kind), self.picture.moment)


# A descriptor on which nothing comes.
IDLE = os.eventfd(0)


class Events:
    """A stream that has these, and then ends; or waits once."""

    def __init__(self, *events: Any, ends: bool = True) -> None:
        self.events, self.ends, self.has_some = [*events], ends, ends or bool(events)

    def __enter__(self) -> "Events":
        return self

    def __exit__(self, *error: object) -> None:
        pass

    def fileno(self) -> int:
        return IDLE

    @property
    def end(self) -> int:
        return IDLE

    def read(self) -> Any:
        if not self.events:
            raise ConnectionResetError
        yield self.events.pop(0)
        self.has_some = self.ends or bool(self.events)


def event(kind: str, action: str, id: str = ID, name: str = "", **attributes: str) -> Any:
    return {"Type": kind, "Action": action, "Actor": {"ID": id, "Attributes": {"name": name, **attributes}}}


def reader(monkeypatch: pytest.MonkeyPatch, *events: Any, containers: Any = None) -> tuple[PictureReader, Daemon]:
    monkeypatch.setattr(picture_reader.time, "sleep", lambda seconds: None)
    monkeypatch.setattr(picture_reader, "EventStream", lambda *arguments: Events(*events))
    followed = FollowedDaemon()
    daemon = Daemon(followed, [shown()] if containers is None else containers)
    asked: Any = lambda seconds: daemon  # noqa: E731 - stands for another type
    return PictureReader(followed, locate(ROOTS), ["d.sock"], asked, lambda: True), daemon


def follow_to_the_end(made: PictureReader) -> None:
    with pytest.raises(ConnectionResetError):
        made._follow()


def follow(monkeypatch: pytest.MonkeyPatch, *events: Any, reads: bool = True) -> Any:
    """The list after these events: what is known, and what is not."""
    made, daemon = reader(monkeypatch, *events)
    if not reads:
        monkeypatch.setattr(PictureReader, "_read_next", lambda self: None)
    follow_to_the_end(made)
    found = daemon.picture.list_containers()
    return found and ([one["Id"] for one in found[0]], found[1])


def test_what_was_read_before_events_came_is_not_known(monkeypatch: pytest.MonkeyPatch) -> None:
    made, daemon = reader(monkeypatch)
    daemon.picture.note_inspected("volume", "data", {"Driver": "local"}, daemon.picture.moment)
    follow_to_the_end(made)

    assert daemon.picture.is_followed
    assert daemon.picture.find("volume", "data") is None


def test_lists_are_read_once_and_containers_ahead(monkeypatch: pytest.MonkeyPatch) -> None:
    assert follow(monkeypatch) == ([ID], [])

    made, daemon = reader(monkeypatch, event("volume", "create"), event("volume", "create"))
    follow_to_the_end(made)
    assert daemon.picture.find("container", ID) is not None


@pytest.mark.parametrize(
    ("events", "found"),
    [
        ([event("container", "create", NEW, "new")], ([ID], [NEW])),
        ([event("container", "destroy")], ([], [])),
        ([event("container", "die")], ([], [ID])),
        ([event("container", "start")], ([], [ID])),
        ([event("container", "rename", name="web2")], ([], [ID])),
        ([event("volume", "destroy", "data"), event("network", "destroy")], ([ID], [])),
        ([event("network", "connect", container=ID)], ([], [ID])),
        ([event("network", "disconnect", container=ID)], ([], [ID])),
        ([event("network", "connect")], ([ID], [])),
    ],
)
def test_what_happens_without_a_request_is_known_by_its_event(
    monkeypatch: pytest.MonkeyPatch, events: Any, found: Any
) -> None:
    assert follow(monkeypatch, *events, reads=False) == found


@pytest.mark.parametrize("is_under_way", [False, True])
def test_who_starts_a_container_changes_nothing_by_connecting_it(
    monkeypatch: pytest.MonkeyPatch, *, is_under_way: bool
) -> None:
    made, daemon = reader(monkeypatch)
    follow_to_the_end(made)
    daemon.ask_for("container", ID)
    if is_under_way:
        daemon.picture.begin([Touch("start", "web"), Touch("state", "web")])
    made._take(event("network", "connect", NEW, "front", container=ID))

    assert (daemon.picture.find("container", ID) is not None) is is_under_way


def test_a_daemon_that_ends_is_left_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    ours, theirs = socket.socketpair()
    monkeypatch.setattr(Events, "end", ours.fileno())
    made, _ = reader(monkeypatch, *[event("volume", "create")] * 3)
    theirs.close()
    with ours, pytest.raises(ConnectionResetError, match="dockerd ends"):
        made._follow()


def test_a_reload_of_the_daemon_begins_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    made, daemon = reader(monkeypatch, event("daemon", "reload"))
    anew = daemon.picture.anew
    follow_to_the_end(made)
    assert daemon.picture.anew > anew


def test_what_can_have_changed_all_containers_has_one_list_read(monkeypatch: pytest.MonkeyPatch) -> None:
    made, daemon = reader(monkeypatch, event("volume", "create"), event("volume", "create"), event("volume", "create"))
    taken = PictureReader._take

    def take(self: PictureReader, event: Any) -> None:
        """The request comes when all was read."""
        if len(daemon.asked) == 2:
            self._picture.note_touch(Touch("state"))
        taken(self, event)

    monkeypatch.setattr(PictureReader, "_take", take)
    follow_to_the_end(made)

    assert daemon.asked == ["info", ID, "info"]
    assert daemon.picture.list_containers() is not None


def test_reading_ahead_waits_when_it_has_taken_its_share(monkeypatch: pytest.MonkeyPatch) -> None:
    waited: list[float] = []
    made, daemon = reader(monkeypatch)
    clock = [100.0]
    monkeypatch.setattr(picture_reader.time, "monotonic", lambda: clock[0])

    def read(self: PictureReader, anew: int = 0) -> None:
        clock[0] += 0.1
        daemon.picture.note_touch(Touch("container", ID))

    def wait(self: PictureReader, events: Any, seconds: float) -> None:
        waited.append(round(seconds, 3))
        clock[0] += seconds
        if len(waited) == 8:
            raise ConnectionResetError

    monkeypatch.setattr(PictureReader, "_read_next", read)
    monkeypatch.setattr(PictureReader, "_wait", wait)
    follow_to_the_end(made)

    # The list is read at once, and three more; then 0.1 s of reading has 0.4 s without.
    assert waited == [0.0, 0.0, 0.0, 0.2, 0.4, 0.4, 0.4, 0.4]


def test_the_reader_is_woken_by_what_it_may_read_now_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    made, daemon = reader(monkeypatch)
    follow_to_the_end(made)
    made._anew, made._reads_from = daemon.picture.anew, 0.0
    while daemon.picture.pop_unread():
        pass
    ours, theirs = socket.socketpair()

    def is_woken() -> bool:
        made._wake(theirs)
        try:
            return bool(ours.recv(1, socket.MSG_DONTWAIT))
        except BlockingIOError:
            return False

    with ours, theirs:
        assert not is_woken()
        daemon.picture.note_touch(Touch("container", ID))
        assert is_woken()
        made._reads_from = picture_reader.time.monotonic() + 60
        assert not is_woken()
        made._reads_from = 0.0
        daemon.picture.pop_unread()
        daemon.picture.note_touch(Touch("state"))  # has the list read
        assert is_woken()
    made._wake(theirs)  # it begins anew


def test_the_reader_of_a_daemon_that_is_followed_no_more_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(picture_reader, "_FIRST_SECONDS", -1.0)
    made, _ = reader(monkeypatch, *[event("volume", "create")] * 9)
    made._runs = lambda: False

    made._follow()


@pytest.mark.parametrize("state", ["active", "pending", ""])
def test_in_a_swarm_no_list_is_read(monkeypatch: pytest.MonkeyPatch, state: str) -> None:
    made, daemon = reader(monkeypatch)
    daemon.info = {"Swarm": {"LocalNodeState": state}} if state else {}
    follow_to_the_end(made)

    assert daemon.picture.list_containers() is None


def test_the_end_of_the_stream_and_silence_begin_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    made, daemon = reader(monkeypatch)
    runs = [True, True, False]
    made._runs = lambda: runs.pop(0)
    made.run()
    assert not runs
    assert not daemon.picture.is_followed
    assert daemon.picture.list_containers() is None

    def fail() -> None:
        raise Refused("lookup-failed")

    daemon.ask_info = fail  # type: ignore[method-assign,assignment]
    with pytest.raises(Refused):
        made._follow()


def compare(monkeypatch: pytest.MonkeyPatch, made: PictureReader, *events: Any) -> int:
    """How many differences a comparison found, and whether it began anew for them."""
    monkeypatch.setattr(picture_reader, "LATE_SECONDS", 0.0)
    monkeypatch.setattr(picture_check, "LATE_SECONDS", 0.0)
    made._wakes = []
    before, anew = made._followed.differences, made._picture.anew
    made._compare(Events(*events, ends=False))  # type: ignore[arg-type]
    found = made._followed.differences - before
    assert (made._picture.anew > anew) is (found > 0)
    return found


def test_a_difference_is_counted_and_begins_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    made, daemon = reader(monkeypatch)
    follow_to_the_end(made)
    assert compare(monkeypatch, made) == 0

    daemon.containers.append(shown(NEW, "new"))
    assert compare(monkeypatch, made) == 1


def test_networks_and_volumes_are_compared_too(monkeypatch: pytest.MonkeyPatch) -> None:
    made, daemon = reader(monkeypatch)
    follow_to_the_end(made)
    daemon.picture.note_networks([], daemon.picture.moment)
    volume = {"Id": "data", "Driver": "local", "Options": None, "Name": "data", "State": {"Status": ""}}
    daemon.containers.append(volume)
    daemon.picture.note_inspected("volume", "data", volume, daemon.picture.moment)
    assert compare(monkeypatch, made, event("container", "create", "data")) == 0

    daemon.containers[-1] = {**volume, "Options": {"device": "/"}}
    daemon.networks = [{"Id": NEW}]
    assert compare(monkeypatch, made) == 2


def test_events_that_come_during_a_comparison_are_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    made, daemon = reader(monkeypatch)
    follow_to_the_end(made)
    daemon.containers.append(shown(NEW, "new"))

    assert compare(monkeypatch, made, event("container", "create", NEW)) == 0


def test_one_that_is_followed_no_more_ends_though_its_events_go_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(picture_reader, "_FIRST_SECONDS", -1.0)
    made, _ = reader(monkeypatch, *[event("container", "start")] * 9)
    runs, closed = iter([True, True, False, False]), list[str]()
    monkeypatch.setattr(made, "_runs", lambda: next(runs))
    made._followed.connections.put_back("d.sock", Closing(closed))
    made.run()

    assert closed == ["closed"]


class Closing:
    def __init__(self, closed: list[str]) -> None:
        self._closed = closed

    def close(self) -> None:
        self._closed.append("closed")
