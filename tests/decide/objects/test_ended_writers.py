"""Lists are followed: namespaces are asked for once, of a bounded number, and who cannot be asked meets everybody."""

from typing import Any

import pytest

from portero.decide.interfaces.daemon import ObjectKind
from portero.decide.interfaces.effects import Source
from portero.decide.interfaces.existing import ExistingContainer
from portero.decide.interfaces.member import EVERYWHERE, UNKNOWN, Member, Sighting
from portero.decide.objects.ended_writers import (
    drop_restarted,
    follow_lists,
    list_held,
    make_asking_member,
    make_member,
    make_service,
    make_started,
)
from portero.decide.values.refusals import Refused
from portero.observe.writers.writer_memory import DaemonMembers, WriterMemory
from tests.decide.objects.test_existing_objects import container
from tests.observe.host.fixed_objects import FixedHost, FixedObjects
from tests.observe.writers.test_writer_memory import find_all

HOST = FixedHost({"links": {"/srv/link": "/srv/a"}, "mounts": {"/mnt/a": "/srv/a"}, "kinds": {"/srv/zone": "file"}})
OBJECTS = FixedObjects({"container": {"web": {"Id": "w" * 64}}})
WEB = "namespace " + "w" * 64
OWN = "namespace " + b"c".hex().ljust(64, "0")


def bind(source: str, *, writable: bool = True) -> dict[str, Any]:
    return {"Type": "bind", "Source": source, "RW": writable}


def volume(name: str, *, writable: bool = True) -> dict[str, Any]:
    return {"Type": "volume", "Name": name, "Source": "", "RW": writable}


@pytest.mark.parametrize(
    ("mounts", "config", "shares", "reads"),
    [
        ([bind("/srv/b")], {}, {"/srv/b"}, set()),
        ([bind("/srv/b", writable=False)], {}, {"/srv/b"}, {"/srv/b"}),
        ([bind("/srv/link")], {}, {"/srv/link", "/srv/a", "/mnt/a"}, set()),
        ([volume("v"), volume("w", writable=False)], {}, {"volume v", "volume w"}, {"volume w"}),
        ([bind("/srv/zone"), {"Type": "tmpfs", "Name": "t"}, {"Type": "image", "Name": "i"}], {}, set(), set()),
        # It has what makes root, and needs no descriptor.
        ([bind("/"), bind("/var")], {}, set(), set()),
        ([], {"NetworkMode": "host"}, {"network host"}, set()),
        ([], {"PidMode": "host"}, {EVERYWHERE}, set()),
        ([], {"IpcMode": "host"}, {"/dev/shm"}, set()),
        ([], {"NetworkMode": "container:web"}, {WEB}, set()),
        ([], {"PidMode": "container:/web", "IpcMode": "container:gone"}, {WEB, "namespace gone"}, set()),
        ([], {"NetworkMode": "container:" + "d" * 64}, {"namespace " + "d" * 64}, set()),
        ([], {"NetworkMode": "app", "IpcMode": "shareable", "PidMode": ""}, set(), set()),
    ],
    ids=map(str, range(12)),
)
def test_the_places_of_a_container(mounts: Any, config: Any, shares: set[str], reads: set[str]) -> None:
    member = make_member(ExistingContainer.read(container("c", mounts=tuple(mounts), **config)), HOST, OBJECTS)

    assert member.name == "c"
    assert member.shares == shares | {OWN}
    assert member.shares - member.writes == reads


@pytest.mark.parametrize(
    ("status", "state"), [("created", "starting"), ("exited", "restarting"), ("running", "restarting")]
)
def test_a_start_that_is_not_the_first_is_told_apart(status: str, state: str) -> None:
    assert (
        make_started(ExistingContainer.read({**container("c"), "State": {"Status": status}}), HOST, OBJECTS).state
        == state
    )


@pytest.mark.parametrize("in_task", [True, False])
def test_a_service_has_what_its_tasks_have_and_had(*, in_task: bool) -> None:
    def spec(*mounts: Any, networks: tuple[str, ...] = ()) -> dict[str, Any]:
        targets = [{"Target": network} for network in networks]
        return {"Name": "web", "TaskTemplate": {"ContainerSpec": {"Mounts": [*mounts]}, "Networks": targets}}

    folder = {
        "Type": "volume",
        "VolumeOptions": {"DriverConfig": {"Options": {"type": "none", "o": "bind", "device": "/srv/d"}}},
    }
    now = spec({"Type": "bind", "Source": "/srv/b", "ReadOnly": True}, folder)
    before = spec({"Type": "volume", "Source": "v"}, networks=("host",) if in_task else ())
    before |= {} if in_task else {"Networks": [{"Target": "host"}]}

    member = make_service({"Spec": now, "PreviousSpec": before}, HOST)

    assert (member.id, member.state, member.is_service) == ("service web", "runs", True)
    assert member.shares == {"/srv/b", "/srv/d", "volume v", "network host"}
    assert member.writes == member.shares - {"/srv/b"}


@pytest.mark.parametrize(("network", "shared"), [("host", {"network host"}), ("bridge", set()), ("web", set())])
def test_a_service_that_is_asked_for_has_what_the_request_names(network: str, shared: set[str]) -> None:
    facts: Any = {
        "mounts": [{"type": "volume", "source": "v", "writable": True}, {"type": "bind", "source": "/srv/b"}],
        "networks": [{"name": "app"}, {"name": network}],
    }

    member = make_asking_member("web", {"facts": facts}, [Source("/srv/b", writable=False)], HOST)

    assert (member.id, member.state) == ("service web", "starting")
    assert member.shares == {"/srv/b", "volume v", *shared}
    assert member.writes == {"volume v", *shared}


ASKED = list[str]()


class Asked(FixedObjects):
    def inspect(self, kind: ObjectKind, name: str) -> Any:
        ASKED.append(name)
        return None if name.startswith("f") else {"Id": name, "HostConfig": {"NetworkMode": "host"}}


class Started(Asked):
    def inspect(self, kind: ObjectKind, name: str) -> Any:
        return {**super().inspect(kind, name), "State": {"StartedAt": "2026-01-01"}}


def follow(listed: list[Any], objects: FixedObjects, members: DaemonMembers) -> list[Member]:
    """Those that hold something, as an allowed request has it noted."""
    sighting = follow_lists(listed, (), FixedHost({}), objects, members)
    members.memory.commit(members.moment, sighting, ())
    return [*sighting.holders.values()]


def list_containers(number: int) -> list[Any]:
    return [{**container(f"c{n}"), "Names": [f"/c{n}"], "State": "running"} for n in range(number)]


def test_namespaces_are_asked_for_once_and_of_some_at_a_time() -> None:
    members = WriterMemory(None).at("", "1")
    objects, listed = Asked({}, members=members), list_containers(40)
    for number in (32, 40, 40):
        assert follow(listed, objects, members) == []

        known = [find_all(members)[one["Id"]] for one in listed]
        assert [one["Id"] for one in listed[:number]] == ASKED
        assert [UNKNOWN in one.shares for one in known] == [False] * number + [True] * (40 - number)
        assert "network host" in known[0].shares


def test_since_when_holders_run_is_asked_of_some_at_a_time() -> None:
    members = WriterMemory(None).at("", "1")
    volume = {"Type": "volume", "Name": "v", "Source": "/x/v", "Destination": "/v", "RW": True}
    running = [{**one, "Mounts": [volume]} for one in list_containers(21)]
    running[0]["Mounts"] = [volume, {"Type": "bind", "Source": "/srv/media", "Destination": "/w", "RW": True}]
    for _ in range(2):
        follow(running, Asked({}, members=members), members)
    for number in (8, 8, 4, 0):
        ASKED.clear()
        holders = follow(running[1:], Started({}, members=members), members)
        assert (len(holders), len(ASKED)) == (20, number)


@pytest.mark.parametrize(("run", "held"), [("2025-12-31", set[str]()), ("2026-01-01", {"/srv/media"})])
def test_what_was_restarted_drops_what_it_got_before(run: str, held: set[str]) -> None:
    holder = Member("h", "h", held=frozenset({"/srv/media"}), run=run, state="runs")
    sighting = Sighting({}, {}, frozenset(), {"h": holder}, {"h": holder})

    assert drop_restarted(sighting, Started({})).holders["h"].held == held
    assert sighting.holders["h"].held


def test_what_went_between_list_and_question_is_not_there() -> None:
    members = WriterMemory(None).at("", "1")
    gone = {**container("x"), "Id": "f" * 64, "State": "exited"}

    assert follow([gone], Asked({}, members=members), members) == []
    assert find_all(members) == {}


@pytest.mark.parametrize(
    ("listed", "state"),
    [("running", "runs"), ("restarting", "runs"), ("stopping", "runs"), ("created", "new"), ("exited", "rests")],
)
def test_a_state_that_is_not_known_may_run(listed: str, state: str) -> None:
    members = WriterMemory(None).at("", "1")
    one = {**container("x"), "State": listed}

    follow([one], Asked({}, members=members), members)
    assert [member.state for member in find_all(members).values()] == [state]


def test_folders_are_held_and_other_places_are_not_sources() -> None:
    holder = Member("a", "helper", held=frozenset({"/srv/b", "/srv/a", "volume v"}))
    owner = "container helper, which can still write for one that is gone,"

    assert list_held([holder]) == [Source("/srv/a", True, owner), Source("/srv/b", True, owner)]


def test_a_list_is_needed_when_what_starts_can_meet_one_that_is_known() -> None:
    members = WriterMemory(None).at("", "1")
    known = Member("a", "a", frozenset({"volume v"}), frozenset({"volume v"}))
    members.memory.commit(members.moment, None, [known])

    assert members.has_other_for(Member("b", "b", frozenset({"volume v"})))
    assert not members.has_other_for(Member("b", "b", frozenset({"volume w"})))
    assert not members.has_other_for(Member("a", "a", frozenset({"volume v"})))


def test_who_hangs_in_a_start_is_not_waited_for() -> None:
    class Silent(Asked):
        def inspect_briefly(self, kind: ObjectKind, name: str) -> Any:
            if name == silent["Id"]:
                raise Refused("lookup-failed")
            return super().inspect_briefly(kind, name)

    members = WriterMemory(None).at("", "1")
    silent, other = list_containers(2)

    assert follow([silent, other], Silent({}, members=members), members) == []
    assert [UNKNOWN in find_all(members)[one["Id"]].shares for one in (silent, other)] == [True, False]


def test_who_is_listed_with_all_namespaces_is_not_asked_for() -> None:
    ASKED.clear()
    members = WriterMemory(None).at("", "1")
    modes = {"NetworkMode": "bridge", "PidMode": "host", "IpcMode": ""}
    known, other = ({**one, "HostConfig": modes} for one in list_containers(2))
    del (other := {**other, "HostConfig": {**modes}})["HostConfig"]["IpcMode"]

    follow([known, other], Asked({}, members=members), members)
    assert [other["Id"]] == ASKED
    assert EVERYWHERE in find_all(members)[known["Id"]].shares
