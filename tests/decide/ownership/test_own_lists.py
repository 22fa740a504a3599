"""Each list with what is one's own, one's group's, another's and nobody's: what a caller sees of it."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from portero.decide.ownership.json_stream import JsonFilter, Unreadable
from portero.decide.ownership.own_lists import LISTS, Viewer, make_shape, take_limit

OWNERS = {"own": "unix:alicia", "group's": "group:dev", "other's": "unix:bob", "unlabelled": None}
SEEN = ["own", "group's"]
SWARM, TASK, ANONYMOUS = "com.docker.swarm.service.id", "com.docker.swarm.task.id", "com.docker.volume.anonymous"
TASK_ID = "9ajgh45omhm1q7q2nc6ulafl7"


def labels(owner: str | None, **more: str) -> dict[str, str]:
    return {**({} if owner is None else {"owner": owner}), **more}


def of_swarm(name: str, owner: str | None) -> dict[str, Any]:
    return {"ID": name, "Spec": {"Name": name, "Labels": labels(owner)}}


def container(name: str, owner: str | None, *volumes: str) -> dict[str, Any]:
    return {"Id": name, "Labels": labels(owner), "Mounts": [{"Type": "volume", "Name": one} for one in volumes]}


def of_task(service: str, label: str | None = None, name: str = f"web.1.{TASK_ID}") -> dict[str, Any]:
    marked = labels(label, **{SWARM: service, TASK: name.rpartition(".")[2]})
    return {"Id": f"in {service}", "Names": [f"/{name}"], "Labels": marked}


SERVICES = [of_swarm(name, owner) for name, owner in OWNERS.items()]
OWN_VOLUMES = frozenset({"of own", "of group's"})
IDS = frozenset(SEEN)
VIEWER = Viewer("owner", frozenset({"unix:alicia", "group:dev"}), IDS, IDS, IDS, OWN_VOLUMES)


def passes(kind: str = "container", **attributes: str) -> bool:
    """Whether an event is seen."""
    read = JsonFilter(make_shape("SystemEvents", VIEWER))
    return read.feed(json.dumps({"Type": kind, "Actor": {"ID": "x", "Attributes": attributes}}).encode() + b"\n") != b""


def see(operation: str, answer: Any, viewer: Viewer = VIEWER, limit: int = 0) -> Any:
    read = JsonFilter(make_shape(operation, viewer, limit))
    return json.loads(read.feed(json.dumps(answer).encode()) + read.finish())


# How each list shows an object of a name and an owner.
SHOWN: dict[str, Callable[[str, str | None], dict[str, Any]]] = {
    "ContainerList": lambda name, owner: {"Id": name, "Labels": labels(owner)},
    "NetworkList": lambda name, owner: {"Id": name, "Name": name, "Labels": labels(owner)},
    "NetworkListSlash": lambda name, owner: {"Id": name, "Name": name, "Labels": labels(owner)},
    **dict.fromkeys(("ServiceList", "SecretList", "ConfigList"), of_swarm),
    "TaskList": lambda name, owner: {"Id": name, "ServiceID": name, "Labels": {}},
}


def test_what_is_ones_own_is_noted() -> None:
    containers = [container(name, owner, f"of {name}", "shared") for name, owner in OWNERS.items()]
    tasks = [of_task(id, "unix:alicia") for id in OWNERS]

    assert [VIEWER.note_service(one) for one in SERVICES] == [["own", "own"], ["group's", "group's"], None, None]
    assert [VIEWER.note_container(one) for one in (*containers, *tasks)] == [
        *(["own", "of own", "shared"], ["group's", "of group's", "shared"], None, None),
        *(["in own"], ["in group's"], None, None),
    ]
    shared = [container(name, owner, "of own") for name, owner in OWNERS.items()]
    assert [VIEWER.note_sharing(one) for one in (*shared, *containers)] == [None, None, *[["of own"]] * 2, *[None] * 4]


@pytest.mark.parametrize("operation", SHOWN)
def test_a_list_shows_what_is_ones_own_and_ones_groups(operation: str) -> None:
    answer = [SHOWN[operation](name, owner) for name, owner in OWNERS.items()]

    assert [one.get("Id", one.get("ID")) for one in see(operation, answer)] == SEEN
    nobody = Viewer("owner", frozenset())
    assert see(operation, answer, nobody) == []
    other = Viewer("maintainer", frozenset({"unix:alicia"}))
    assert see(operation, answer, other) == []


def test_volumes_of_containers_too() -> None:
    volumes = [{"Name": name, "Labels": labels(owner)} for name, owner in OWNERS.items()]
    marked = {ANONYMOUS: ""}
    volumes += [{"Name": f"of {name}", "Labels": marked} for name in OWNERS]
    volumes += [{"Name": name, "Labels": marked} for name in ("shared", "unused")]
    volumes += [{"Name": "none", "Labels": None}, {"Name": "of own", "Labels": labels("unix:bob", **marked)}]

    shown = see("VolumeList", {"Volumes": volumes, "Warnings": None})
    assert [one["Name"] for one in shown["Volumes"]] == [*SEEN, "of own", "of group's"]
    assert see("VolumeList", {"Warnings": ["x"], "Volumes": None, "Else": "bob"}) == {
        "Warnings": ["x"],
        "Volumes": None,
    }


@pytest.mark.parametrize("label", [None, "unix:alicia", "unix:bob"])
def test_a_tasks_container_is_its_services(label: str | None) -> None:
    shown = [of_task(id, label) for id in (*OWNERS, "gone")]

    assert [one["Id"] for one in see("ContainerList", shown)] == [f"in {id}" for id in SEEN]


@pytest.mark.parametrize("name", ["web", "web.1", f"web-{TASK_ID}", f"web.1.{TASK_ID}x", f"web.1.{TASK_ID[1:]}", ""])
def test_an_image_shows_a_container_to_no_owner_of_a_service(name: str) -> None:
    """With LABEL com.docker.swarm.service.id=: whoever made the image would see what others run of it."""
    marked = {SWARM: "own", TASK: TASK_ID}
    for task in (TASK_ID, name.rpartition(".")[2], "", None):
        image = {key: value for key, value in {**marked, TASK: task}.items() if value is not None}
        others: dict[str, Any] = {"Id": "x", "Names": [f"/{name}"], "Labels": labels("unix:bob", **image)}
        assert see("ContainerList", [others, {**others, "Names": None}]) == []
        assert not passes(name=name, **others["Labels"])
        # It is whose its own label says: the image can be a commit of a task's container.
        mine = {**others, "Labels": labels("unix:alicia", **image)}
        assert see("ContainerList", [mine]) == [mine]
        assert passes(name=name, **mine["Labels"])


def test_a_link_to_ones_own_container_does_not_name_the_others() -> None:
    linked = {"Id": "x", "Labels": labels("unix:alicia"), "Names": ["/his/db", "/hers", "/../db"]}

    assert see("ContainerList", [linked]) == [{**linked, "Names": ["/hers"]}]
    assert see("SystemDataUsage", {"Containers": [linked]}) == {"Containers": [{**linked, "Names": ["/hers"]}]}


def test_networks_that_all_have_show_what_is_ones_own_on_them() -> None:
    inside = {name: {"Name": name} for name in OWNERS}
    mine = {name: {"Name": name} for name in SEEN}
    listed = [{"Name": name, "Labels": {}, "Containers": inside} for name in ("bridge", "host", "none", "ingress")]

    shown = see("NetworkList", listed)
    assert [(one["Name"], one["Containers"]) for one in shown] == [(name, mine) for name in ("bridge", "host", "none")]
    network = {"Name": "app", "Containers": inside, "Services": inside, "Peers": None}
    assert see("NetworkInspect", network) == {"Name": "app", "Containers": mine, "Services": mine, "Peers": None}


def test_disk_usage_in_both_forms() -> None:
    containers = [SHOWN["ContainerList"](name, owner) for name, owner in OWNERS.items()]
    volumes = [{"Name": name, "Labels": labels(owner)} for name, owner in OWNERS.items()]
    images, cache = [{"Id": "x", "Labels": labels("unix:bob")}], [{"ID": "c", "Description": "RUN echo bob"}]
    figures = {"ActiveCount": 1, "TotalCount": 4, "Reclaimable": 7, "TotalSize": 9}
    old = {"LayersSize": 5, "Images": images, "Containers": containers, "Volumes": volumes, "BuildCache": cache}
    new = {
        "ImageUsage": {**figures, "Items": images},
        "ContainerUsage": {**figures, "Items": containers},
        "VolumeUsage": {"Items": volumes, **figures, "Else": volumes},
        "BuildCacheUsage": {**figures, "Items": cache},
    }
    own = containers[:2], volumes[:2]
    left = {"Images": images, "Containers": own[0], "Volumes": own[1], "BuildCache": []}

    assert see("SystemDataUsage", {**old, "Else": cache}) == {"LayersSize": 5, **left}
    shown = see("SystemDataUsage", {**old, **new})
    assert {name: used["Items"] for name, used in shown.items() if name.endswith("Usage")} == {
        "ImageUsage": images,
        "ContainerUsage": own[0],
        "VolumeUsage": own[1],
        "BuildCacheUsage": [],
    }
    assert shown["VolumeUsage"] == {**figures, "Items": own[1]}


def test_events_of_containers_show_whose_they_are() -> None:
    assert [name for name, owner in OWNERS.items() if passes("container", **labels(owner))] == SEEN
    assert [id for id in OWNERS if passes(name=f"web.1.{TASK_ID}", **of_task(id)["Labels"])] == SEEN
    kinds = ("image", "node", "daemon", "volume", "network", "service", "secret", "config", "builder", "plugin", "")
    assert [kind for kind in kinds if passes(kind, **labels("unix:alicia"))] == ["image", "node", "daemon"]


def test_crooked_values_are_nobodys() -> None:
    for shown in (None, [], "owner", 1, {"owner": ["unix:alicia"]}, {"owner": None}, {"Owner": "unix:alicia"}):
        entry = {"Id": "x", "Labels": shown}
        assert see("ContainerList", [entry]) == []
        assert see("ServiceList", [{"Spec": entry}, {"Spec": shown}, {}]) == []
        assert see("TaskList", [{"ServiceID": shown}, {}]) == []
        assert see("VolumeList", {"Volumes": [entry]}) == {"Volumes": []}


def test_each_list_of_the_table_is_read() -> None:
    assert {*LISTS} == {*SHOWN, "VolumeList", "NetworkInspect", "SystemDataUsage", "SystemEvents"}
    for limit in (2, 100, 2**63 - 1):
        assert take_limit(f"/containers/json?limit={limit}&x=y&size=1") == ("/containers/json?x=y&size=1&all=1", limit)
    for target in ("/containers/json?limit=0", f"/containers/json?limit={2**63}", "/containers/json?size=2"):
        assert take_limit(target) == (target, 0)
    assert see("ContainerList", [SHOWN["ContainerList"](name, owner) for name, owner in OWNERS.items()], limit=1) == [
        {"Id": "own", "Labels": {"owner": "unix:alicia"}}
    ]


@pytest.mark.parametrize(
    ("operation", "answer"),
    [
        ("ContainerList", [{"Id": "x", "Labels": labels("unix:alicia"), "labels": labels("unix:bob")}]),
        ("ContainerList", [{"Id": "x", "Label\u017f": labels("unix:bob"), "Labels": labels("unix:alicia")}]),
        ("VolumeList", {"Volumes": [{"Name": "x", "Labels": labels("unix:alicia"), "LABELS": {}}]}),
        ("ServiceList", [{"ID": "x", "Spec": {"Labels": labels("unix:alicia"), "labels": labels("unix:bob")}}]),
        ("ServiceList", [{"ID": "x", "Spec": {"Labels": labels("unix:alicia")}, "spec": {"Name": "of bob"}}]),
        ("NetworkInspect", {"Containers": {}, "containers": {"of bob": {"Name": "his"}}}),
    ],
)
def test_a_crooked_daemon_has_clients_read_what_was_not_judged(operation: str, answer: Any) -> None:
    """Go takes Labels and labels for one field, and the last of them counts."""
    with pytest.raises(Unreadable, match="in upper and lower case"):
        see(operation, answer)


def test_events_have_one_actor() -> None:
    read = JsonFilter(make_shape("SystemEvents", VIEWER))

    with pytest.raises(Unreadable, match="in upper and lower case"):
        read.feed(b'{"Type": "container", "Actor": {"Attributes": {"owner": "unix:alicia"}, "attributes": {}}}\n')


def test_labels_may_differ_in_case_alone() -> None:
    both = labels("unix:alicia", Owner="unix:bob", OWNER="x")
    shown = [{"Id": "x", "Labels": both}]

    assert see("ContainerList", shown) == shown
    assert see("ServiceList", [{"ID": "x", "Spec": {"Labels": both}}]) == [{"ID": "x", "Spec": {"Labels": both}}]
    assert passes(**both)
