"""What dockerd shows of a container or a service becomes the places where it can meet others."""

from typing import Any

import pytest

from portero.decide.interfaces.existing import ExistingContainer
from portero.decide.interfaces.member import EVERYWHERE
from portero.decide.interfaces.pending_requests import Source
from portero.decide.objects.members import make_asking_member, make_member, make_service, make_started
from tests.decide.objects.test_existing_objects import container
from tests.observe.host.fixed_objects import FixedHost, FixedObjects

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


def test_a_service_that_is_asked_for_has_what_the_request_names() -> None:
    facts: Any = {
        "mounts": [{"type": "volume", "source": "v", "writable": True}, {"type": "bind", "source": "/srv/b"}],
        "networks": [{"name": "host"}, {"name": "app"}],
    }

    member = make_asking_member("web", {"facts": facts}, [Source("/srv/b", writable=False)], HOST)

    assert (member.id, member.state) == ("service web", "starting")
    assert member.shares == {"/srv/b", "volume v", "network host"}
    assert member.writes == {"volume v", "network host"}
