"""Whose a task, its container and an anonymous volume are: of their service, and of the containers that mount it."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from portero.decide.judging.judge import Judge
from tests.decide.objects.test_existing_objects import volume
from tests.decide.objects.test_owned_objects import (
    ALICIA,
    BY_ID,
    CHANGED,
    LABEL,
    OLD,
    OPERATOR,
    READ,
    judge,
    owned_container,
    owned_spec,
    refusals,
)
from tests.decide.objects.test_owned_volumes import mounting, owners, running
from tests.observe.host.fixed_objects import FixedHost

__all__ = ["judge"]
HERS, HIS = "h" * 25, "b" * 25


def task(service: str, container: str = "") -> dict[str, Any]:
    shown = {"ID": "t" * 25, "Labels": {}, "Status": {"ContainerStatus": {"ContainerID": container}}}
    return {**shown, "ServiceID": service} if service else shown


def with_task(name: str, label: str | None, task: str) -> dict[str, Any]:
    shown = owned_container(name, label)
    shown["Config"]["Labels"] = {**shown["Config"]["Labels"], "com.docker.swarm.task.id": task}
    return shown


def service(owner: str) -> dict[str, Any]:
    return {"ID": "s" * 25, "Spec": owned_spec(owner)}


def daemon(judge: Judge, **more: Mapping[str, Any]) -> Judge:
    objects = {kind: {**OLD.get(kind, {}), **named} for kind, named in more.items()}
    return replace(judge, host=FixedHost({"objects": {**OLD, **objects}}))


@pytest.mark.parametrize(("of", "refused"), [(HERS, False), (HIS, True), ("", True), ("gone", True)])
def test_a_task_is_its_services(judge: Judge, of: str, *, refused: bool) -> None:
    asked = daemon(judge, service={HERS: service("alicia"), HIS: service("bob")}, task={"t": task(of)})

    for path in ("/tasks/t", "/tasks/t/logs?stdout=1"):
        assert refusals(asked, "GET", path) == ({(READ, BY_ID)} if refused else set())
        assert refusals(asked, "GET", path, who=OPERATOR) == set()
    assert refusals(asked, "GET", "/tasks/missing") == set()
    # Nobody can be asked whose it is.
    assert refusals(replace(judge, host=FixedHost()), "GET", "/tasks/t") == {(READ, BY_ID)}


@pytest.mark.parametrize("label", ["alicia", "bob", None])
@pytest.mark.parametrize(("of", "refused"), [(HERS, False), (HIS, True)])
def test_a_tasks_container_is_its_services_whatever_its_label_says(
    judge: Judge, of: str, label: str | None, *, refused: bool
) -> None:
    web = with_task("web.1", label, "t")
    asked = daemon(
        judge,
        service={HERS: service("alicia"), HIS: service("bob")},
        task={"t": task(of, web["Id"])},
        container={"web.1": web, web["Id"]: web},
        exec={"in": {"ContainerID": web["Id"], "ProcessConfig": {}}},
    )

    for method, path, body in (
        ("POST", "/containers/web.1/exec", {"Cmd": ["sh"]}),
        ("GET", "/containers/web.1/logs", None),
        ("GET", "/containers/web.1/json", None),
        ("POST", "/exec/in/start", {}),
    ):
        assert bool(refusals(asked, method, path, body)) is refused, path


@pytest.mark.parametrize("known", ["t", "other", ""])
def test_a_label_alone_makes_no_container_a_task(judge: Judge, known: str) -> None:
    """bob's names a task of alicia, and would be taken for hers."""
    shown = with_task("trap", "bob", "t")
    asked = daemon(
        judge, service={HERS: service("alicia")}, task={known: task(HERS, "f" * 64)}, container={"trap": shown}
    )

    assert refusals(asked, "GET", "/containers/trap/json") == {(READ, BY_ID)}


@pytest.mark.parametrize("known", ["t" * 25, ""])
@pytest.mark.parametrize(
    ("name", "label", "refused"),
    [
        ("again", "alicia", False),
        ("again.1", "alicia", False),
        (f"web.1.{'t' * 25}", "alicia", True),
        ("again", "bob", True),
        ("again", None, True),
    ],
)
def test_a_container_of_a_committed_task_is_its_makers(
    judge: Judge, name: str, label: str | None, known: str, *, refused: bool
) -> None:
    """The image has the labels of the task's container. Where the task is gone the name says whether it is one's."""
    shown = with_task(name, label, "t" * 25)
    asked = daemon(
        judge, service={HERS: service("alicia")}, task={known: task(HERS, "f" * 64)}, container={"again": shown}
    )

    assert bool(refusals(asked, "POST", "/containers/again/stop")) is refused


@pytest.mark.parametrize(
    ("changed", "label", "refused"),
    [
        ({}, "alicia", True),
        ({"Image": "sha256:" + "e" * 64}, None, True),
        ({}, "bob", False),
        ({}, None, False),
        ({"Image": "base"}, "alicia", False),
        ({"LogConfig": {"Type": "json-file"}}, "alicia", False),
    ],
    ids=["a step", "its image is gone", "labelled", "not by the image", "by name", "with a log"],
)
def test_a_step_of_a_classic_build_is_not_the_image_makers(
    judge: Judge, changed: Mapping[str, Any], label: str | None, *, refused: bool
) -> None:
    """It has the label of the image, whoever builds; alicia made that."""
    id = "sha256:" + "1" * 64
    shown = owned_container("step", "alicia")
    settings = {"Image": id, "LogConfig": {"Type": "none", "Config": {}}, **changed}
    shown["Config"]["Image"] = settings["Image"]
    shown["HostConfig"] = {**shown["HostConfig"], "LogConfig": settings["LogConfig"]}
    image = {"Id": id, "Config": {"Labels": {"owner": label} if label else None}}
    asked = daemon(judge, container={"step": shown, shown["Id"]: shown}, image={id: image, "base": image})

    for method, path, body in (
        ("POST", "/containers/step/exec", {"Cmd": ["sh"]}),
        ("POST", "/containers/step/kill", None),
        ("GET", "/containers/step/json", None),
    ):
        at_issue = {each for each in refusals(asked, method, path, body) if each[0] in (CHANGED, READ)}
        assert bool(at_issue) is refused, path


@pytest.mark.parametrize("kind", ["secret", "config"])
def test_secrets_and_configs_have_an_owner(judge: Judge, kind: str) -> None:
    named = {
        name: {"ID": name, "Spec": {"Name": name, "Labels": {"owner": owner} if owner else {}}}
        for name, owner in (("his", "bob"), ("mine", "alicia"), ("ours", "group:dev"), ("old", ""))
    }
    asked, path = daemon(judge, **{kind: named}), f"/{kind}s"
    body: dict[str, Any] = {"Name": "new", "Data": "eA=="}

    for name, refused in (("his", True), ("old", True), ("mine", False), ("ours", False), ("missing", False)):
        assert refusals(asked, "GET", f"{path}/{name}") == ({(READ, BY_ID)} if refused else set())
        assert refusals(asked, "DELETE", f"{path}/{name}") == ({(CHANGED, BY_ID)} if refused else set())
        update = {**body, "Labels": {"owner": "alicia"}}
        assert ((CHANGED, BY_ID) in refusals(asked, "POST", f"{path}/{name}/update?version=1", update)) is refused
    for labels, good in (({"owner": "alicia"}, True), ({"owner": "bob"}, False), ({}, False)):
        for call in ("create", "mine/update?version=1"):
            asks = {**body, "Labels": labels}
            assert ((LABEL, "Labels.owner") in refusals(asked, "POST", f"{path}/{call}", asks)) is not good
            assert LABEL not in {rule for rule, _ in refusals(asked, "POST", f"{path}/{call}", asks, OPERATOR)}


@pytest.mark.parametrize("kind", ["Secret", "Config"])
def test_a_service_uses_secrets_and_configs_of_its_maker(judge: Judge, kind: str) -> None:
    named = {
        id: {"ID": id, "Spec": {"Name": id, "Labels": {"owner": of}}} for id, of in (("a", "alicia"), ("b", "bob"))
    }
    asked = daemon(judge, **{kind.lower(): named})
    body = owned_spec("alicia")
    body["TaskTemplate"]["ContainerSpec"][f"{kind}s"] = [{f"{kind}ID": "a"}, {f"{kind}ID": "b"}]

    at = f"TaskTemplate.ContainerSpec.{kind}s[1]"
    for path in ("/services/create", "/services/mine/update?version=1"):
        assert owners(asked, path, body) == {(CHANGED, at)}
        assert owners(asked, path, body, OPERATOR) == set()


ANONYMOUS = {**volume("anon"), "Labels": {"com.docker.volume.anonymous": ""}}


@pytest.mark.parametrize(
    ("mounted_by", "labels", "refused"),
    [
        ({"one": "alicia"}, ANONYMOUS["Labels"], False),
        ({"one": "alicia", "two": "group:dev"}, ANONYMOUS["Labels"], False),
        ({"one": "alicia", "two": "bob"}, ANONYMOUS["Labels"], True),
        ({"one": "alicia", "two": None}, ANONYMOUS["Labels"], True),
        ({}, ANONYMOUS["Labels"], True),
        ({"one": "alicia"}, {}, True),
        ({"one": "alicia"}, {**ANONYMOUS["Labels"], "owner": "bob"}, True),
    ],
    ids=["hers", "and her group's", "and bob's", "and the operators'", "nobody's", "not anonymous", "labelled"],
)
def test_an_anonymous_volume_is_of_those_that_mount_it(
    judge: Judge, mounted_by: Mapping[str, str | None], labels: Mapping[str, str], *, refused: bool
) -> None:
    """Compose mounts the one of the container before again."""
    containers: dict[str, Any] = {}
    # A stranger's volumes beside it do not count.
    mounts = {**dict.fromkeys(mounted_by, ("anon",)), "stranger": ("aaa", "zzz")}
    for name, owner in {**mounted_by, "stranger": "bob"}.items():
        shown = {**mounting(name, *mounts[name]), "Config": owned_container(name, owner)["Config"]}
        containers |= {name: shown, shown["Id"]: shown}
    asked = daemon(judge, container=containers, volume={"anon": {**ANONYMOUS, "Labels": labels}})

    assert bool(owners(asked, "/containers/create", running(Binds=["anon:/v"]))) is refused
    mount = {"Type": "volume", "Source": "anon", "Target": "/v"}
    assert bool(owners(asked, "/containers/create", running(Mounts=[mount]))) is refused
    assert bool(refusals(asked, "GET", "/volumes/anon")) is refused
    assert owners(asked, "/containers/create", running(Binds=["anon:/v"]), OPERATOR) == set()


@pytest.mark.parametrize(
    ("filters", "refused"),
    [
        ('{"label":{"owner=alicia":true}}', False),
        ('{"label":["owner=group:dev"]}', False),
        ('{"label":{"owner=alicia":true,"x=y":true},"until":{"24h":true}}', False),
        ('{"label":{"owner=bob":true}}', True),
        ('{"label":{"owner":true}}', True),
        ('{"label!":{"owner=alicia":true}}', True),
        ('{"Label":{"owner=alicia":true}}', True),
        ('{"label":{"owner=alicia":true},"label":{}}', True),
        ('{"label":"owner=alicia"}', True),
        ("owner=alicia", True),
        ("", True),
    ],
)
@pytest.mark.parametrize("kind", ["containers", "volumes", "networks", "images", "build"])
def test_a_prune_of_what_is_ones_own_says_so(judge: Judge, kind: str, filters: str, *, refused: bool) -> None:
    refused = refused or kind in ("images", "build")

    assert refusals(judge, "POST", f"/{kind}/prune?filters={filters}") == ({(CHANGED, "path")} if refused else set())
    twice = f"/{kind}/prune?filters=%7B%7D&filters={filters}"
    assert refusals(judge, "POST", twice, who=ALICIA) == {(CHANGED, "path")}
