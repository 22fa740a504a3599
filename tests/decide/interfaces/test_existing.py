"""What dockerd shows of an object becomes fields: what is not shown is not empty."""

from typing import Any

import pytest

from portero.decide.interfaces.effects import Source
from portero.decide.interfaces.existing import ContainerList, ExistingContainer, ExistingObject
from portero.decide.values.refusals import Refused

BIND = {"Type": "bind", "Source": "/srv/a", "Destination": "/a", "RW": True, "Propagation": "rslave"}
VOLUME = {"Type": "volume", "Name": "data", "Source": "/var/lib/docker/volumes/data/_data", "Driver": "local"}
SHOWN: Any = {
    "Id": "c" * 64,
    "Name": "/web",
    "State": {"Status": "running"},
    "Image": "i",
    "Config": {"Labels": {"owner": "alicia"}, "User": ""},
    "HostConfig": {"NetworkMode": "container:/db", "PidMode": "host", "IpcMode": "container:"},
    "Mounts": [BIND, {"Type": "tmpfs", "Name": "t", "Source": "/x"}, VOLUME],
    "NetworkSettings": {"Networks": {"app": None}},
}


def test_what_docker_inspect_shows_of_a_container_is_read_once() -> None:
    found = ExistingObject.of("container", SHOWN)

    assert isinstance(found, ExistingContainer)
    assert (found.kind, found.id, found.name, found.labels) == ("container", "c" * 64, "web", {"owner": "alicia"})
    assert (found.state, found.images, found.endpoints) == ("running", ("i",), {"app": {}})
    assert found.joined == {"NetworkMode": "db"}
    assert found.sources == (
        Source("/srv/a", writable=True, at="Mounts[0]"),
        Source("/var/lib/docker/volumes/data/_data", writable=False, at="Mounts[2]"),
    )
    assert [mount.is_shared_volume for mount in found.mounts] == [False, False, True]


def test_an_entry_of_a_list_has_less() -> None:
    found = ExistingContainer.read({"Id": "c" * 64, "Names": ["/web", "/db/web"], "State": "exited"})

    assert (found.name, found.state, found.config) == ("web", "exited", {})
    assert found.modes == {"NetworkMode": "", "PidMode": "", "IpcMode": ""}


@pytest.mark.parametrize(
    ("kind", "shown", "expected"),
    [
        ("service", {"ID": "s", "Spec": {"Name": "web", "Labels": {"a": "b"}}}, ("s", "web", {"a": "b"})),
        ("volume", {"Name": "data", "Labels": None}, ("", "data", {})),
        ("network", {"Id": "n", "Name": "app", "Labels": {"a": "b"}}, ("n", "app", {"a": "b"})),
    ],
)
def test_other_kinds_have_their_names_in_their_own_places(kind: Any, shown: Any, expected: Any) -> None:
    found = ExistingObject.of(kind, shown)

    assert (found.id, found.name, found.labels) == expected


def read_all(shown: Any) -> tuple[object, ...]:
    found = ExistingContainer.read(shown)
    return found.state, found.labels, found.images


@pytest.mark.parametrize("broken", [{"Mounts": "none"}, {"HostConfig": 7}, {"State": 7}, {"Config": {"Labels": []}}])
def test_what_dockerd_never_writes_is_refused(broken: Any) -> None:
    with pytest.raises(Refused, match="body-wrong-type"):
        read_all({**SHOWN, **broken})


def test_the_part_of_an_image_for_a_platform_is_one_of_its_digests() -> None:
    assert ExistingContainer.read({**SHOWN, "ImageManifestDescriptor": {"digest": "p"}}).images == ("i", "p")


def mounting(id: str, *sources: str, writable: bool = False) -> dict[str, Any]:
    return {"Id": id, "Mounts": [{"Type": "bind", "Source": source, "RW": writable} for source in sources]}


def test_who_mounts_a_path_is_known_of_those_that_were_added_too() -> None:
    listed = ContainerList.of([mounting("a", "/x", "/x"), mounting("b", "/x", writable=True)])
    assert ContainerList.of(listed) is listed

    more = listed.add([mounting("c", "/x", "/y")])

    assert {path: [*ids] for path, ids in listed.by_path.items()} == {("/x", False): ["a"], ("/x", True): ["b"]}
    assert more.by_path == {("/x", False): ("a", "c"), ("/x", True): ["b"], ("/y", False): ("c",)}
    assert [one["Id"] for one in more] == ["a", "b", "c"]
    assert (len(more), listed.add([])) == (3, listed)


def test_what_has_no_id_is_not_lost() -> None:
    nameless = [{"Mounts": mounting("", source)["Mounts"]} for source in ("/x", "/y")]
    assert len(ContainerList.of(nameless).by_path) == 2
