"""Volumes that requests make by name or on the way of a mount: whose they are, and whose one is there already."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from portero.decide.identity.caller import NO_IDENTITY, Identity
from portero.decide.interfaces.effects import Effects, OwnedUse
from portero.decide.judging.judge import Judge
from portero.decide.ownership.owner_names import OwnerNames
from portero.observe.pending.under_way import RequestPending, UnderWay
from tests.decide.judging.requests import envelope
from tests.decide.objects.test_owned_objects import (
    ALICIA,
    CHANGED,
    LABEL,
    NOON,
    OLD,
    OPERATOR,
    judge,
    owned_container,
    owned_spec,
    refusals,
)
from tests.observe.host.fixed_objects import FixedHost, FixedObjects
from tests.observe.pending.test_under_way import enter

SITE: Mapping[str, Any] = {"ownership": "owner", "operators": ["root"], "operator-groups": ["ops"]}
HERS = frozenset({"alicia", "group:dev"})


@pytest.mark.parametrize(
    ("user", "groups", "expected"),
    [
        ("alicia", ("dev",), OwnerNames("owner", HERS)),
        ("alicia", ("dev", "ops"), OwnerNames("owner", HERS | {"group:ops"}, is_operator=True)),
        ("root", (), OwnerNames("owner", frozenset({"root"}), is_operator=True)),
        ("group:dev", (), OwnerNames("owner", frozenset())),
        (NO_IDENTITY.user, (), OwnerNames("owner", frozenset())),
    ],
)
def test_a_user_owns_by_name_and_groups(user: str, groups: tuple[str, ...], expected: OwnerNames) -> None:
    who = Identity(user, groups, "tls").make_document()

    assert OwnerNames.of(SITE, who) == expected
    assert OwnerNames.of({**SITE, "ownership": ""}, who) is None


@pytest.mark.parametrize(
    ("owner", "value"), [("alicia", True), ("group:dev", True), ("bob", False), ("", False), ('{{"bob"}}', False)]
)
def test_a_label_is_the_callers_as_it_stands_there(owner: str, value: bool) -> None:
    names = OwnerNames("owner", HERS | {'{{"bob"}}'})

    assert names.describe_label({"owner": owner}, "x") == {"value": value, "given": True, "at": "x"}


__all__ = ["judge"]
TAKEN = "taken-volumes"
MOUNT, TASKS = "HostConfig.Mounts[0]", "TaskTemplate.ContainerSpec.Mounts[0]"
OPTIONS = ".VolumeOptions.Labels.owner"


def mount(name: str, owner: str | None = None) -> dict[str, Any]:
    labels = {} if owner is None else {"VolumeOptions": {"Labels": {"owner": owner}}}
    return {"Type": "volume", "Source": name, "Target": "/v", **labels}


def running(**host_config: Any) -> dict[str, Any]:
    return {"Image": "busybox", "Labels": {"owner": "alicia"}, "HostConfig": host_config}


def owners(judge: Judge, path: str, body: Mapping[str, Any], who: Identity = ALICIA) -> set[tuple[str, str]]:
    return {one for one in refusals(judge, "POST", path, body, who) if one[0] in (LABEL, CHANGED, TAKEN)}


@pytest.mark.parametrize(
    ("name", "owner", "expected"),
    [
        ("new", "alicia", set()),
        ("new", "group:dev", set()),
        ("new", "bob", {(LABEL, OPTIONS)}),
        ("new", None, {(LABEL, OPTIONS)}),
        ("", None, set()),  # dockerd makes its name
        ("", "bob", {(LABEL, OPTIONS)}),
        ("mine", None, set()),
        ("mine", "alicia", set()),
        ("mine", "group:dev", {(TAKEN, "")}),
        ("mine", "bob", {(LABEL, OPTIONS), (TAKEN, "")}),
        ("old", "alicia", {(CHANGED, ""), (TAKEN, "")}),
    ],
)
def test_a_mount_makes_a_volume_for_its_maker(
    judge: Judge, name: str, owner: str | None, expected: set[tuple[str, str]]
) -> None:
    for path, body, at in (
        ("/containers/create", running(Mounts=[mount(name, owner)]), MOUNT),
        ("/services/create", owned_spec("alicia", mount(name, owner)), TASKS),
        ("/services/mine/update?version=1", owned_spec("alicia", mount(name, owner)), TASKS),
    ):
        assert owners(judge, path, body) == {(rule, at + more) for rule, more in expected}


def test_a_bind_has_no_room_for_the_label_so_its_volume_must_exist(judge: Judge) -> None:
    assert owners(judge, "/containers/create", running(Binds=["new:/v"])) == {(LABEL, "HostConfig.Binds[0]")}
    assert owners(judge, "/containers/create", running(Binds=["mine:/v"])) == set()
    unasked = replace(judge, host=FixedHost())
    # It may exist.
    assert owners(unasked, "/containers/create", running(Binds=["new:/v"])) == {(CHANGED, "HostConfig.Binds[0]")}
    labelled = owners(unasked, "/containers/create", running(Mounts=[mount("x", "bob")]))
    assert labelled == {(LABEL, MOUNT + OPTIONS), (CHANGED, MOUNT)}


@pytest.mark.parametrize(
    ("name", "owner", "taken"),
    [
        ("new", "group:ops", False),
        ("his", "bob", False),
        ("his", "group:ops", True),
        ("his", None, True),
        ("old", None, False),
        ("old", "group:ops", True),
    ],
)
def test_who_creates_a_volume_that_exists_is_told_whose_it_is(
    judge: Judge, name: str, owner: str | None, *, taken: bool
) -> None:
    """Docker gives back the old one, to operators too, who would write what its owner reads."""
    body = {"Name": name, "Labels": {} if owner is None else {"owner": owner}}

    assert owners(judge, "/volumes/create", body, OPERATOR) == ({(TAKEN, "Name")} if taken else set())
    decision = judge.decide(envelope("POST", "/v1.45/volumes/create", body), "d-1", NOON, identity=OPERATOR)
    whose = {"his": "bob", "old": "the operators"}.get(name)
    assert [one.reason.startswith(f"{name} exists, belongs to {whose}: ") for one in decision.violations] == [
        True
    ] * taken


@pytest.mark.parametrize("where", ["Spec", "PreviousSpec"])
@pytest.mark.parametrize(("of", "who"), [("alicia", OPERATOR), ("", ALICIA)])
def test_a_volume_that_anothers_service_would_make_is_taken(judge: Judge, where: str, of: str, who: Identity) -> None:
    """Its tasks start again without a request."""
    service = {"ID": "s" * 25, "Spec": owned_spec(of), where: owned_spec(of, mount("new"))}
    with_service = replace(judge, host=FixedHost({"objects": {**OLD, "service": {"s" * 25: service, "web": service}}}))
    mine = {"Name": "new", "Labels": {"owner": "group:dev" if who is ALICIA else "group:ops"}}

    assert owners(with_service, "/volumes/create", mine, who) == {(TAKEN, "Name")}
    unlabelled = {"Image": "busybox", "HostConfig": {"Binds": ["new:/v"]}}
    if who is OPERATOR:
        assert owners(with_service, "/containers/create", unlabelled, who) == {(TAKEN, "HostConfig.Binds[0]")}
        assert owners(with_service, "/volumes/create", {"Name": "new", "Labels": {"owner": of}}, who) == set()
    assert owners(with_service, "/volumes/create", {**mine, "Name": "other"}, who) == set()
    update = owned_spec("group:dev", mount("new", "group:dev"))
    if who is ALICIA:  # of the service itself
        assert TAKEN not in {rule for rule, _ in owners(with_service, "/services/web/update?version=1", update)}


@pytest.mark.parametrize(
    ("template", "taken", "free"),
    [
        ("data-{{.Task.Slot}}", ("data-1", "data-27", f"data-{'n' * 25}"), ("data", "data-x", "data-1-x", "xdata-1")),
        ("{{ .Service.Name }}.{{.Node.Hostname}}", ("web.host-1",), ("web.host-2", "webxhost-1", "other.host-1")),
        ("{{.Service.ID}}-{{.Node.ID}}", (f"{'s' * 25}-{'n' * 25}",), (f"{'s' * 25}-x", "mydata")),
        ("{{.Task.Name}}", (f"web.1.{'t' * 25}", f"web.{'n' * 25}.{'t' * 25}"), ("web.1", f"db.1.{'t' * 25}")),
        ("d{{.Task.ID}}", (f"d{'0' * 25}",), ("d0", "data")),
        ('in-{{index .Service.Labels "x"}}-{{.Task.Slot}}-all', ("in-a-all", "in--all"), ("in-a", "out-a-all")),
        ("{{if .Task.Slot}}a{{end}}-x", ("a-x",), ("a-y",)),
        ("data-{{.Task.Slot", ("data-1",), ("other",)),
        ("data-" + 60 * "{{.Task.Slot}}" + "y", (f"data-{200 * '1'}y",), (f"data-{200 * '1'}x",)),
    ],
)
def test_a_volume_that_a_template_of_anothers_service_can_become_is_taken(
    judge: Judge, template: str, taken: tuple[str, ...], free: tuple[str, ...]
) -> None:
    """When the service gets one more task, that would mount hers."""
    spec = {**owned_spec("", mount(template)), "Name": "web"}
    service = {"ID": "s" * 25, "Spec": spec}
    asked = replace(judge, host=FixedHost({"objects": {**OLD, "service": {"s" * 25: service}}}))

    for name in (*taken, *free):
        made = {"Name": name, "Labels": {"owner": "alicia"}}
        assert owners(asked, "/volumes/create", made) == ({(TAKEN, "Name")} if name in taken else set()), name
        assert owners(asked, "/volumes/create", made, OPERATOR) == set()


def mounting(name: str, *volumes: str) -> dict[str, Any]:
    shown = owned_container(name, "alicia")
    mounts = [{"Type": "volume", "Name": one, "Driver": "local", "Destination": "/v"} for one in volumes]
    return {**shown, "Mounts": [{"Type": "bind", "Source": "/srv", "Destination": "/s"}, *mounts]}


@pytest.mark.parametrize(("volume", "refused"), [("his", True), ("mine", False), ("old", False), ("gone", False)])
def test_a_container_is_entered_while_its_volumes_are_no_others(judge: Judge, volume: str, *, refused: bool) -> None:
    """By the value of their label: what dockerd made on the way has none."""
    shown = mounting("c", volume)
    host = FixedHost(
        {"objects": {**OLD, "container": {**OLD["container"], "c": shown}, "exec": {"e": {"ContainerID": "c"}}}}
    )
    entered = replace(judge, host=host)
    for method, path, body in (
        ("POST", "/containers/c/start", None),
        ("POST", "/containers/c/restart", None),
        ("POST", "/containers/c/exec", {"Cmd": ["sh"]}),
        ("POST", "/exec/e/start", {}),
        ("GET", "/containers/c/archive?path=/v", None),
        ("POST", "/containers/create", running(VolumesFrom=["c"])),
    ):
        changed = {rule for rule, _ in refusals(entered, method, path, body)} & {CHANGED, "own-objects-read"}
        assert bool(changed) is refused, path
        assert not {CHANGED} & {rule for rule, _ in refusals(entered, method, path, body, OPERATOR)}
    for method, path in (("POST", "/containers/c/stop"), ("DELETE", "/containers/c")):
        assert refusals(entered, method, path) == set()


@pytest.mark.parametrize(("owner", "refused"), [("bob", True), (None, True), ("alicia", False), ("group:dev", False)])
def test_tasks_of_a_service_carry_the_label_too(judge: Judge, owner: str | None, *, refused: bool) -> None:
    """Else they would have that of their image, whatever it says."""
    body = owned_spec("alicia")
    body["TaskTemplate"]["ContainerSpec"]["Labels"] = {} if owner is None else {"owner": owner}
    at = "TaskTemplate.ContainerSpec.Labels.owner"

    for path in ("/services/create", "/services/mine/update?version=1"):
        assert owners(judge, path, body) == ({(LABEL, at)} if refused else set())
        assert owners(judge, path, body, OPERATOR) == set()


class Daemon(FixedHost):
    """One whose requests see each other once they are allowed. `seen`: what the next one saw of them."""

    def __init__(self) -> None:
        super().__init__({"objects": OLD})
        self.under_way = UnderWay()
        self.seen: RequestPending | None = None
        self.count = 0

    def objects(self) -> FixedObjects:
        return replace(FixedObjects(OLD), pending=self.seen or self.under_way.at())

    def ask(self, judge: Judge, path: str, body: Mapping[str, Any], who: Identity = ALICIA) -> bool | str:
        """Whether it goes with what came meanwhile; a rule: it is refused so."""
        decision = replace(judge, host=self).decide(envelope("POST", f"/v1.45{path}", body), "d-1", NOON, identity=who)
        rules = [one.rule for one in decision.violations if one.rule in (TAKEN, CHANGED)]
        self.count += 1
        return rules[0] if rules else enter(self.under_way, f"d-{self.count}", decision.effects, agrees=True)


MADE = {"Name": "new", "Labels": {"owner": "group:ops"}}


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/volumes/create", {"Name": "new", "Labels": {"owner": "alicia"}}),
        ("/containers/create", running(Mounts=[mount("new", "alicia")])),
        ("/services/create", owned_spec("alicia", mount("new", "alicia"))),
    ],
)
def test_of_two_who_make_a_volume_at_once_the_later_one_sees_the_first(
    judge: Judge, path: str, body: Mapping[str, Any]
) -> None:
    host = Daemon()
    early = host.under_way.at()

    assert host.ask(judge, path, body) is True
    assert host.ask(judge, "/volumes/create", MADE, OPERATOR) == TAKEN
    assert host.ask(judge, "/volumes/create", {**MADE, "Name": "other"}, OPERATOR) is True
    host.under_way.end_uses("d-1")
    # One that was looked at before the first was allowed sees it, too, and what came since it was judged counts.
    effects = Effects(early.number, uses=(OwnedUse(frozenset({("new", "group:ops")})),))
    assert not enter(host.under_way, "d-2", effects, agrees=True)
    host.seen = early
    assert host.ask(judge, "/volumes/create", MADE, OPERATOR) == TAKEN
    host.seen = None
    assert host.ask(judge, "/volumes/create", MADE, OPERATOR) is True


def test_of_two_who_make_a_network_at_once_the_later_one_sees_the_first(judge: Judge) -> None:
    """Docker 20.10 to 24 makes both, and neither of the users can name one."""
    host, bob = Daemon(), Identity("bob", (), "token")
    hers, his = ({"Name": "new", "Labels": {"owner": owner}} for owner in ("alicia", "bob"))

    assert host.ask(judge, "/networks/create", hers) is True
    assert host.ask(judge, "/networks/create", his, bob) == CHANGED
    # Her own again, another one, and a volume of that name.
    assert host.ask(judge, "/networks/create", hers) is True
    assert host.ask(judge, "/networks/create", {**his, "Name": "other"}, bob) is True
    assert host.ask(judge, "/volumes/create", his, bob) is True
    for number in ("d-1", "d-3"):
        host.under_way.end_uses(number)
    assert host.ask(judge, "/networks/create", his, bob) is True
