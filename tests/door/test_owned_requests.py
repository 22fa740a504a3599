"""What a door asks and changes for ownership: labels in bodies, filters for lists, by the policy in force."""

import json
import os
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest

from portero.decide.reading.routes import Routes
from portero.door.asking import read_answer
from portero.door.masked_requests import MaskedRequests
from portero.door.owned_requests import OwnedRequests
from portero.door.treatment import UNREADABLE, Answered, Ask, HoldBody, Request, Treatment, TurnedAway
from portero.observe.process import package_files
from portero.observe.stores.owners_file import OwnersFile

ROUTES = Routes.load(package_files.read_schema("operations.json"))
SITE: dict[str, Any] = {
    "ownership": "owner",
    "operators": ["unix:olga"],
    "operator-groups": ["ops"],
    "user-groups": {},
    "door-lists": {"ryuk": {"operations": ["ContainerList"]}},
    "doors": [
        {"name": "users", "groups": ["dev", "ops"]},
        {"name": "ryuk", "owners": ["unix:alicia", "group:dev"], "label": True, "operations": ["ryuk"]},
        {"name": "plain", "label": False},
        {"name": "team", "label": "group:dev", "groups": ["dev"]},
    ],
}


def list_services_of(owner: str) -> str:
    return f'GET /services?filters={{"label": ["owner={owner}"]}}'


OWN_SERVICES = list_services_of("unix:alicia")
CONTAINERS = "GET /containers/json?all=1"


class Door:
    """One whose dockerd answers as `shown` has it, by method and target."""

    def __init__(self, folder: Path, site: dict[str, Any] | None = None, **shown: Any) -> None:
        self.file = folder / "doors.json"
        self.write(site or SITE)
        self.now = 0.0
        owned = OwnedRequests(OwnersFile(self.file), lambda: self.now)
        self.requests = MaskedRequests(ROUTES, lambda _door: False, owned.treat)
        self.shown: dict[str, Any] = {OWN_SERVICES: (503, {}), **shown}
        self.asked: list[str] = []

    def write(self, site: dict[str, Any]) -> None:
        fresh = self.file.with_suffix(".new")
        fresh.write_text(json.dumps(site))
        fresh.replace(self.file)

    def treat(
        self,
        method: str,
        target: str,
        body: Any = None,
        *,
        user: str = "alicia",
        groups: tuple[str, ...] = (),
        door: str = "users",
    ) -> Treatment | None:
        data = b"" if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
        name = "" if door != "users" else user
        treating = self.requests.treat(Request(door, name, groups, method, target, "application/json", len(data)))
        if treating is None:
            return None
        reply: Any = None
        try:
            while True:
                step = treating.send(reply)
                reply = data if isinstance(step, HoldBody) else self._answer(step)
        except StopIteration as end:
            made: Treatment = end.value
            return made

    def _answer(self, step: Ask) -> Answered:
        asked = f"{step.method} {unquote(step.target)}"
        self.asked.append(f"{asked} {step.body.decode()}".rstrip())
        status, shown = self.shown.get(asked, (404, {"message": "no such"}))
        data = json.dumps(shown).encode()
        if step.filter is not None and status == 200:
            head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n"
            data = read_answer(step.filter.feed(head + data) + step.filter.end(), step.method).body
        return Answered(UNREADABLE, b"") if len(data) > step.max_bytes else Answered(status, data)

    def label(self, path: str, body: Any, **who: Any) -> Any:
        """The body that dockerd gets."""
        made = self.treat("POST", path, body, **who)
        return body if made is None or made.body is None else json.loads(made.body)


@pytest.fixture
def door(tmp_path: Path) -> Door:
    return Door(tmp_path)


MINE = {"owner": "unix:alicia"}


@pytest.mark.parametrize("kind", ["containers", "volumes", "networks", "secrets", "configs", "services"])
@pytest.mark.parametrize("version", ["/v1.45", ""])
def test_what_is_made_gets_the_callers_label(door: Door, kind: str, version: str) -> None:
    path = f"{version}/{kind}/create"
    for labels in ({}, {"Labels": None}, {"Labels": {}}, {"lABELS": {"x": "y"}}):
        made = door.label(path, {"Name": "x", **labels})
        (name,) = labels or {"Labels"}
        assert made == {"Name": "x", name: {**((labels or {}).get(name) or {}), **MINE}}
    for labels in ({"Labels": {"owner": "bob"}}, {"Labels": {"owner": ""}}, {"Labels": 1}):
        assert door.label(path, {"Name": "x", **labels}) == {"Name": "x", **labels}
    # A name of a label is not folded.
    assert door.label(path, {"Labels": {"Owner": "x"}}) == {"Labels": {"Owner": "x", **MINE}}


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"[]",
        b'{"Labels": {}',
        b'{"Labels": {}} {}',
        b'{"Labels": {}, "labels": {}}',
        '{"Labels": {}, "Label\u017f": {}}'.encode(),
        b'{"Labels": {"a": "1", "a": "2"}}',
        b'\xff{"Labels": {}}',
        b'{"Labels": NaN}',
    ],
)
def test_a_body_that_readers_differ_on_passes_as_it_came(door: Door, body: bytes) -> None:
    made = door.treat("POST", "/containers/create", body)

    assert made is not None
    assert made.body is None


def test_the_text_is_edited_where_it_stands(door: Door) -> None:
    made = door.treat("POST", "/containers/create", b'{ "Image":"x" ,\n"Labels": { } , "Memory":1.0e3}')

    assert made is not None
    assert made.body == b'{ "Image":"x" ,\n"Labels": {"owner":"unix:alicia" } , "Memory":1.0e3}'
    made = door.treat("POST", "/containers/create", b" {}")
    assert made is not None
    assert made.body == b' {"Labels":{"owner": "unix:alicia"}}'


def test_volumes_of_mounts_and_binds(door: Door) -> None:
    door.shown["GET /volumes/old"] = 200, {"Name": "old"}
    door.shown["GET /volumes/his"] = 403, {}
    mounts = [
        {"Type": "bind", "Source": "/srv", "Target": "/s"},
        {"Type": "volume", "Source": "new", "Target": "/n"},
        {"Type": "volume", "Source": "old", "Target": "/o"},
        {"Type": "volume", "Source": "his", "Target": "/h"},
        {"Type": "volume", "Target": "/a", "VolumeOptions": {"NoCopy": True}},
        {"type": "volume", "source": "new", "volumeoptions": {"labels": {"owner": "x"}}},
    ]
    binds = ["/srv:/x", "data:/d", "old:/o", "data:/e:ro", "x", "./y:/z"]

    made = door.label("/containers/create", {"HostConfig": {"Mounts": mounts, "Binds": binds}})

    assert made["HostConfig"]["Binds"] == binds
    expected = [dict(mount) for mount in mounts]
    expected[1]["VolumeOptions"] = {"Labels": MINE}
    expected[4]["VolumeOptions"] = {"NoCopy": True, "Labels": MINE}
    assert made["HostConfig"]["Mounts"] == expected
    assert [one for one in door.asked if one.startswith("POST")] == [
        'POST /volumes/create {"Name": "data", "Labels": {"owner": "unix:alicia"}}'
    ]


def test_of_too_many_volumes_none_is_asked_about(door: Door) -> None:
    binds = [f"volume{number}:/x" for number in range(129)]
    mounts = [{"Type": "volume", "Source": f"volume{number}"} for number in range(129)]

    made = door.label("/containers/create", {"HostConfig": {"Mounts": mounts, "Binds": binds}})
    assert made == {"HostConfig": {"Mounts": mounts, "Binds": binds}, "Labels": MINE}
    assert door.asked == []


def spec(labels: Any = None, tasks: Any = None, mount: Any = None) -> dict[str, Any]:
    container: dict[str, Any] = {"Image": "x", **({} if tasks is None else {"Labels": tasks})}
    container |= {"Mounts": [mount]} if mount else {}
    return {
        "Name": "web",
        "TaskTemplate": {"ContainerSpec": container},
        **({} if labels is None else {"Labels": labels}),
    }


def test_a_service_and_its_containers(door: Door) -> None:
    mount = {"Type": "volume", "Source": "data", "Target": "/d"}

    assert door.label("/services/create", spec(mount=mount)) == spec(
        MINE, MINE, {**mount, "VolumeOptions": {"Labels": MINE}}
    )


@pytest.mark.parametrize("user", ["alicia", "olga"])
def test_an_update_keeps_the_label_that_is_there(door: Door, user: str) -> None:
    mount = {"Type": "volume", "Source": "data", "Target": "/d"}
    labelled = {**mount, "VolumeOptions": {"Labels": MINE}}
    door.shown["GET /services/web"] = 200, {"Spec": spec(MINE, {"owner": "group:dev"}, labelled)}
    door.shown["GET /services/old"] = 200, {"Spec": spec({})}
    door.shown["GET /volumes/data"] = 200, {}

    updated = door.label("/services/web/update?version=1", spec({"stack": "x"}, mount=mount), user=user)
    assert updated == spec({"owner": "unix:alicia", "stack": "x"}, {"owner": "group:dev"}, labelled)
    for id in ("old", "missing"):
        assert door.label(f"/services/{id}/update?version=1", spec(), user=user) == spec()
    for kind in ("secrets", "configs"):
        door.shown[f"GET /{kind}/a"] = 200, {"Spec": {"Labels": MINE}}
        assert door.label(f"/{kind}/a/update?version=1", {}, user=user) == {"Labels": MINE}


@pytest.mark.parametrize(
    ("who", "owner"),
    [
        ({"user": "bob"}, "unix:bob"),
        ({"user": "olga"}, "unix:olga"),
        ({"door": "team"}, "group:dev"),
        ({"door": "ryuk"}, "unix:alicia"),
        ({"door": "plain"}, None),
        ({"door": "unlisted"}, None),
    ],
)
def test_the_label_is_the_callers(door: Door, who: Any, owner: str | None) -> None:
    assert door.label("/volumes/create", {}, **who) == ({} if owner is None else {"Labels": {"owner": owner}})


def test_a_group_labels_for_its_members_alone(tmp_path: Path) -> None:
    users = {"name": "users", "groups": ["dev"], "label": "group:dev"}
    door = Door(tmp_path, {**SITE, "doors": [users]})

    assert door.label("/volumes/create", {}, groups=("dev",)) == {"Labels": {"owner": "group:dev"}}
    assert door.label("/volumes/create", {}, groups=("qa",)) == {"Labels": MINE}
    door.write({**SITE, "doors": [{**users, "label": False}]})
    assert door.label("/volumes/create", {}, groups=("dev",)) == {}


def test_lists_are_known_by_the_table_of_routes(door: Door) -> None:
    lists = ("/containers/json", "/v1.45/containers/json?all=1", "/volumes", "/networks", "/networks/", "/networks/x")
    swarm = (
        "/services",
        "/tasks?filters=%7B%7D",
        "/secrets",
        "/configs",
        "/system/df",
        "/events?since=1",
        "/%63onfigs",
    )
    for target in (*lists, *swarm):
        made = door.treat("GET", target)
        assert made is not None, target
        assert made.answer is not None
        assert door.treat("GET", target, user="olga") is None
        assert door.treat("GET", target, groups=("ops",)) is None
    for target in ("/images/json", "/nodes", "/info", "/containers/x/json", "/_ping", "/containers/json/"):
        assert door.treat("GET", target) is None
    door.write({**SITE, "ownership": ""})
    assert door.treat("GET", "/containers/json") is None
    assert door.treat("POST", "/volumes/create", {}) is None


def test_a_list_is_not_passed_on_without_the_policy(door: Door) -> None:
    for spoil in (lambda: door.file.write_text("{"), lambda: door.file.write_text("{}"), door.file.unlink):
        spoil()
        with pytest.raises(TurnedAway) as refused:
            door.treat("GET", "/containers/json")
        assert refused.value.status == 503
        assert door.label("/volumes/create", {}) == {}
    door.write(SITE)
    assert door.treat("GET", "/containers/json") is not None
    os.truncate(door.file, 0)
    with pytest.raises(TurnedAway):
        door.treat("GET", "/volumes")


def test_a_daemon_without_services_is_not_asked_at_each_list(door: Door) -> None:
    for now, asked in ((0.0, 1), (5.0, 1), (11.0, 2)):
        door.now = now
        door.treat("GET", "/containers/json")
        assert door.asked.count(OWN_SERVICES) == asked
    door.asked.clear()
    # Its door would refuse.
    door.treat("GET", "/containers/json", door="ryuk")
    assert door.asked == []


def see(made: Treatment | None, shown: Any) -> Any:
    """What of an answer the client gets."""
    assert made is not None
    assert made.answer is not None
    data = json.dumps(shown).encode()
    head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n"
    return json.loads(read_answer(made.answer.feed(head + data) + made.answer.end(), "GET").body)


def make_service(id: str, owner: str, padding: int = 0) -> dict[str, Any]:
    return {"ID": id, "Spec": {"Name": id, "Labels": {"owner": owner, "x": "x" * padding}}}


def test_own_services_are_asked_for_by_each_name(door: Door) -> None:
    """All of them were: with 8 MiB of one user's nobody else saw tasks."""
    door.shown[OWN_SERVICES] = 200, [make_service("hers", "unix:alicia")]
    door.shown[list_services_of("group:dev")] = 200, [make_service("theirs", "group:dev"), make_service("x", "bob")]
    tasks = [{"ServiceID": id} for id in ("hers", "theirs", "x", "his")]

    assert see(door.treat("GET", "/tasks", groups=("dev",)), tasks) == tasks[:2]
    assert door.asked == [list_services_of("group:dev"), OWN_SERVICES]


def test_however_large_own_services_are_they_are_noted(door: Door) -> None:
    door.shown[OWN_SERVICES] = 200, [make_service(f"s{number}", "unix:alicia", 1 << 20) for number in range(9)]
    tasks = [{"ServiceID": f"s{number}"} for number in range(9)]

    assert see(door.treat("GET", "/tasks"), tasks) == tasks


@pytest.mark.parametrize(("count", "padding"), [(1, 5 << 20), (40_000, 0)])
def test_more_services_than_can_be_noted_are_named(door: Door, count: int, padding: int) -> None:
    listed = [make_service(f"{number:025}", "unix:alicia", padding) for number in range(count)]
    door.shown[OWN_SERVICES] = 200, listed

    with pytest.raises(TurnedAway, match=r"docker service ls --filter label=owner=unix:alicia") as refused:
        door.treat("GET", "/containers/json")
    assert refused.value.status == 503
    # Others at the same door are not concerned.
    door.shown[list_services_of("unix:bob")] = 200, [make_service("his", "unix:bob")]
    assert see(door.treat("GET", "/tasks", user="bob"), [{"ServiceID": "his"}]) == [{"ServiceID": "his"}]


def make_container(id: str, owner: str, *volumes: str, padding: int = 0) -> dict[str, Any]:
    mounts = [{"Type": "bind", "Source": "/srv"}, *({"Type": "volume", "Name": name} for name in volumes)]
    return {"Id": id, "Labels": {"owner": owner, "x": "x" * padding}, "Mounts": mounts}


def test_anonymous_volumes_are_hers_whose_containers_alone_mount_them(door: Door) -> None:
    """Also beside another's containers of more than 8 MiB, which hid them."""
    his = [make_container(f"his{number}", "unix:bob", f"b{number}", padding=1 << 20) for number in range(9)]
    door.shown[CONTAINERS] = 200, [*his, make_container("a", "unix:alicia", "v", "w"), make_container("b", "x", "w")]
    volumes = [{"Name": name, "Labels": {"com.docker.volume.anonymous": ""}} for name in ("v", "w", "b0", "unused")]

    assert see(door.treat("GET", "/volumes"), {"Volumes": volumes}) == {"Volumes": volumes[:1]}
    network = {"Containers": {"a": {}, "his0": {}}}
    assert see(door.treat("GET", "/networks/x"), network) == {"Containers": {"a": {}}}


@pytest.mark.parametrize("unread", [(500, {"message": "no"}), (200, [make_container("b", "x", "v", padding=5 << 20)])])
def test_a_volume_has_no_owner_while_containers_of_others_cannot_be_read(door: Door, unread: tuple[int, Any]) -> None:
    lists = iter([(200, [make_container("a", "unix:alicia", "v")]), unread])
    door.shown = {OWN_SERVICES: (503, {})}
    answer = door._answer
    volumes = [{"Name": "v", "Labels": {"com.docker.volume.anonymous": ""}}]

    def answer_next(step: Ask) -> Answered:
        if step.target.startswith("/containers"):
            door.shown[CONTAINERS] = next(lists)
        return answer(step)

    door._answer = answer_next  # type: ignore[method-assign]
    assert see(door.treat("GET", "/volumes"), {"Volumes": volumes}) == {"Volumes": []}


@pytest.mark.parametrize(
    ("query", "edited"),
    [
        ("limit=1", "all=1"),
        ("all=0&limit=3&size=1", "size=1&all=1"),
        ("l%69mit=2", "all=1"),
        ("limit=2&limit=x", "all=1"),
        *(
            (query, query)
            for query in ("limit=0", "limit=-1", "limit=x", "limit=", "limit=99999999999999999999", "all=1")
        ),
        ("limit=x&limit=2", "limit=x&limit=2"),
    ],
)
def test_a_limit_becomes_all(door: Door, query: str, edited: str) -> None:
    made = door.treat("GET", f"/v1.45/containers/json?{query}")

    assert made is not None
    assert made.target == f"/v1.45/containers/json?{edited}"
