"""Sources are compared with services, and with what containers hold for others that are gone; starts are noted."""

from typing import Any

import pytest

from portero.decide.interfaces.effects import NOTHING
from portero.decide.interfaces.existing import ExistingContainer
from portero.decide.objects import source_pairs
from portero.decide.objects.source_pairs import SourcePairs
from portero.decide.values.refusals import Refused
from portero.observe.pending.under_way import UnderWay
from portero.observe.writers import descriptors
from portero.observe.writers.writer_memory import DaemonMembers, WriterMemory
from tests.decide.objects.test_ended_writers import volume
from tests.decide.objects.test_existing_objects import READS, WRITES, container
from tests.observe.host.fixed_objects import FixedHost, FixedObjects
from tests.observe.writers.test_writer_memory import find_all

MEET = volume("meet")
HELPER: Any = {**container("helper", mounts=(MEET,)), "State": "running"}
WRITER: Any = {**container("writer", mounts=(MEET, WRITES)), "State": "running"}
RUN = {"State": {"Status": "running", "StartedAt": "then"}}


def request(path: str = "/srv/media/movies", operation: str = "ContainerCreate", *, writable: bool = False) -> Any:
    mount = {"paths": [path], "writable": writable, "via": "bind", "at": "HostConfig.Binds[0]", "type": "bind"}
    return {"operation": operation, "body": {"Name": "web"}, "facts": {"mounts": [mount]}}


def pairs(members: DaemonMembers | None = None, **by_kind: Any) -> SourcePairs:
    """For one request of a daemon that has these objects."""
    return SourcePairs(FixedObjects(by_kind, members=members), FixedHost({}))


def commit(found: SourcePairs) -> None:
    """As of a request that is allowed."""
    effects = found.make_effects(NOTHING, ())
    if effects.moment is not None:
        members: Any = found.objects.members
        members.memory.commit(effects.moment, effects.sighting, effects.starting)


def writers_in(found: dict[str, Any]) -> list[str]:
    return [pair["writer"] for pair in found.get("nestedSources", [])]


def memory() -> DaemonMembers:
    return WriterMemory(None).at("", "1")


def see(members: DaemonMembers, *containers: Any, run: Any = RUN, **request_fields: Any) -> list[str]:
    """Who can write above the source of a request, when these containers exist."""
    inspected = {one["Name"]: {**one, **run} for one in containers}
    listed = FixedObjects({"container": {one["Name"].strip("/"): one for one in containers}}, members=members)

    class Seen(FixedObjects):
        def inspect(self, kind: Any, name: str) -> Any:
            return next((one for one in inspected.values() if name in (one["Id"], one["Name"])), None)

    seeing = SourcePairs(Seen(listed.by_name, members=members), FixedHost({}))
    found = writers_in(seeing.find_requested(request(**request_fields)))
    commit(seeing)
    return found


def test_a_writer_that_is_gone_counts_while_another_one_can_hold_its_folder() -> None:
    members = memory()
    assert see(members, HELPER, WRITER) == ["container writer"]
    held = ["container helper, which can still write for one that is gone,"]

    assert see(members, HELPER) == held
    assert see(members, HELPER, path="/srv/incoming") == []
    # A run that began since then holds nothing, unless another one can have given it again.
    assert see(members, HELPER, {**HELPER, "Id": "2" * 64, "Name": "/two"}, run={"State": {"StartedAt": "now"}}) == [
        held[0],
        "container two, which can still write for one that is gone,",
    ]
    assert see(members, {**HELPER, "State": "exited"}) == []
    assert see(members, HELPER) == []


def test_a_holder_that_was_restarted_holds_nothing() -> None:
    members = memory()
    for seen in ((HELPER, WRITER), (HELPER,)):
        see(members, *seen)

    assert see(members, HELPER, run={"State": {"StartedAt": "now"}}) == []
    assert see(members, HELPER) == []


@pytest.mark.parametrize(("status", "asks"), [("created", 2), ("exited", 1)])
def test_what_starts_beside_a_writer_that_is_gone_by_then_holds_nothing(status: str, asks: int) -> None:
    members = memory()
    see(members, WRITER)
    starting = {**HELPER, "State": {"Status": status}}
    listed = {**HELPER, "State": status}
    found = pairs(members, container={"helper": listed})
    found.note_start(ExistingContainer.read(starting))
    commit(found)

    assert find_all(members).keys() == {HELPER["Id"]}
    assert see(members, HELPER) == []


def test_only_what_can_meet_others_is_noted_of_many_and_a_refusal_passes_through(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    members = memory()
    found = pairs(members, container={})
    found.note_start(ExistingContainer.read(container("alone")))
    commit(found)
    # While it starts dockerd does not tell what it is, so that it is noted, too, unless there are many.
    assert [one.name for one in find_all(members).values()] == ["alone"]
    monkeypatch.setattr(descriptors, "_MAX_WITH_ALONE", 1)
    found = pairs(members, container={})
    found.note_start(ExistingContainer.read(container("second")))
    commit(found)
    assert len(find_all(members)) == 1

    class Full(DaemonMembers):
        def follow(self, *of: Any) -> Any:
            raise Refused("writers-unknown")

    with pytest.raises(Refused, match="writers-unknown"):
        pairs(Full(WriterMemory(None), memory().moment), container={}).find_requested(request())


@pytest.mark.parametrize("operation", ["ServiceCreate", "ServiceUpdate"])
def test_a_service_is_noted_and_its_own_former_settings_do_not_count(operation: str) -> None:
    def spec(name: str, source: str) -> Any:
        mounts = [{"Type": "bind", "Source": source}]
        return {"Name": name, "TaskTemplate": {"ContainerSpec": {"Mounts": mounts}}}

    members = memory()
    services = {
        name: {"Spec": spec(name, "/srv/other"), "PreviousSpec": spec(name, "/srv/media")} for name in ("web", "db")
    }
    found = pairs(members, service=services)

    assert writers_in(found.find_requested(request(operation=operation))) == ["service db"]
    commit(found)
    assert find_all(members)["service web"].shares == {"/srv/media/movies", "/srv/media", "/srv/other"}


def test_without_a_memory_lists_alone_are_compared() -> None:
    found = pairs(container={"writer": WRITER})
    found.note_start(ExistingContainer.read(HELPER))
    commit(found)

    assert writers_in(found.find_requested(request())) == ["container writer"]


def test_a_container_that_was_still_being_created_when_portero_started_is_no_old_one() -> None:
    old = {"Created": "2025-11-01T00:00:00Z"}
    writer, reader = {**WRITER, **old}, {**container("reader", mounts=({**READS},)), **old}
    under_way = UnderWay()

    def find() -> list[str]:
        objects = FixedObjects({"container": {"writer": writer}}, pending=under_way.at())
        return writers_in(SourcePairs(objects, FixedHost({})).find_at_start(ExistingContainer.read(reader)))

    assert find() == []
    under_way.note_ended(reader["Id"])
    assert find() == []
    under_way.note_ended(writer["Id"])
    assert find() == ["container writer"]


@pytest.mark.parametrize(
    ("updated", "expected"), [("2026-11-01T00:00:00Z", ["service db"]), ("2025-11-01T00:00:00Z", [])]
)
def test_at_a_start_services_count_that_were_made_at_once(updated: str, expected: list[str]) -> None:
    mounts = [{"Type": "bind", "Source": "/srv/media"}]
    service = {"Spec": {"Name": "db", "TaskTemplate": {"ContainerSpec": {"Mounts": mounts}}}, "UpdatedAt": updated}
    young = {**container("young", mounts=({**READS},)), "Created": "2026-11-01T00:00:00Z"}

    assert writers_in(pairs(service={"db": service}).find_at_start(ExistingContainer.read(young))) == expected


@pytest.mark.parametrize(
    ("created", "is_younger"),
    [
        *((created, True) for created in ("2027-01-15T08:00:00.123456789Z", 1_800_000_000)),
        *((created, False) for created in ("2027-01-15T07:59:59.999999999Z", 1_799_999_999, None)),
    ],
)
def test_a_container_is_as_old_as_dockerd_says(created: Any, *, is_younger: bool) -> None:
    assert source_pairs._was_created_since(created, 1_800_000_000) is is_younger
