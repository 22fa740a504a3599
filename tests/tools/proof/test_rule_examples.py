"""An example becomes the request document of its operation, with its own words merged over the base request."""

import json
from pathlib import Path, PurePath
from typing import Any

import pytest

from portero.decide.policy.rule import Example, Rule
from portero.decide.reading.routes import Routes
from portero.decide.values.errors import LoadError
from portero.decide.values.refusals import Refused
from portero.observe.stores.api_tables import load_api, load_shapes
from portero.tools.proof.prove import CHECKS, RuleProof
from portero.tools.proof.rule_examples import Examples, list_rules
from tests.decide.judging.requests import write_files
from tests.paths import SCHEMAS


@pytest.fixture(scope="module")
def examples() -> Examples:
    routes = Routes.load(json.loads((SCHEMAS / "operations.json").read_text()))
    base = {
        "ContainerCreate": {
            "query": {"name": ["web"]},
            "body": {"Image": "busybox", "User": "1", "HostConfig": {"CapDrop": ["ALL"], "Memory": 1}},
        },
        "ServiceCreate": {"body": {"Name": "web"}},
        "ServiceUpdate": {"path": {"id": "web"}, "bodyOf": "ServiceCreate"},
    }
    return Examples(base, {operation.id: operation for operation in routes.operations}, load_shapes(SCHEMAS / "api"))


def document(examples: Examples, operation: str, changes: dict[str, Any]) -> dict[str, Any]:
    return examples.make_document(Example("docker ...", operation, changes))


def test_a_body_is_merged_over_the_base_body(examples: Examples) -> None:
    changes = {"body": {"User": None, "HostConfig": {"CapDrop": ["NET_RAW"]}, "Tty": True}}

    body = document(examples, "ContainerCreate", changes)["body"]

    assert body == {"Image": "busybox", "Tty": True, "HostConfig": {"CapDrop": ["NET_RAW"], "Memory": 1}}


def test_path_query_and_identity_are_merged_too(examples: Examples) -> None:
    changes = {"query": {"platform": ["linux"]}, "identity": {"user": "alice"}}

    request = document(examples, "ContainerCreate", changes)

    assert request["query"] == {"name": ["web"], "platform": ["linux"]}
    assert request["identity"] == {"user": "alice", "groups": [], "method": ""}
    assert (request["operation"], request["method"], request["apiVersion"]) == ("ContainerCreate", "POST", "1.45")


def test_a_body_may_be_that_of_another_operation(examples: Examples) -> None:
    request = document(examples, "ServiceUpdate", {})

    assert (request["path"], request["body"]) == ({"id": "web"}, {"Name": "web"})


def test_an_operation_without_a_base_request_gets_an_empty_one_of_its_shape(examples: Examples) -> None:
    requests = [
        document(examples, operation, {}) for operation in ("ContainerStart", "VolumeCreate", "PluginPull", "DebugVars")
    ]

    assert [(request["path"], request["body"], request["method"]) for request in requests] == [
        ({"id": "x"}, None, "POST"),
        ({}, {}, "POST"),
        ({}, [], "POST"),
        ({}, None, "POST"),
    ]


def test_the_host_of_an_example_is_seen_by_its_facts(examples: Examples) -> None:
    changes = {"body": {"HostConfig": {"Binds": ["/srv/link:/x"]}}, "host": {"links": {"/srv/link": "/etc"}}}

    mounts = document(examples, "ContainerCreate", changes)["facts"]["mounts"]

    assert [mount["paths"] for mount in mounts] == [["/srv/link", "/etc"]]


def test_a_body_that_docker_would_refuse_is_refused(examples: Examples) -> None:
    with pytest.raises(Refused) as refused:
        document(examples, "ContainerCreate", {"body": {"HostConfig": {"Privileged": "yes"}}})

    assert (refused.value.code, refused.value.at) == ("body-wrong-type", "HostConfig.Privileged")


def test_requests_are_of_the_operation_that_the_example_names(examples: Examples, written: dict[str, Any]) -> None:
    rule = Rule.of(PurePath("rules/x/y.json"), written)

    requests = [(said.command, examples.make_document(said)["operation"]) for said in (*rule.allows, *rule.denies)]

    assert requests == [
        ("docker run busybox", "ContainerCreate"),
        ("docker run --privileged busybox", "ContainerCreate"),
        ("docker exec --privileged web id", "ContainerExec"),
    ]


def tried(*folders: Path) -> list[RuleProof]:
    """The trials of the rules that are not built in."""
    routes, shapes = load_api()
    return [
        RuleProof.of(rule_kind, rule)
        for rule_kind, rule in list_rules([SCHEMAS, *folders], routes.operations, shapes)
        if not rule.file.startswith(str(SCHEMAS))
    ]


def faults(trial: RuleProof) -> dict[str, list[str]]:
    return {name: told for name, check in CHECKS.items() if (told := list(check(trial)))}


def networks(written: dict[str, Any]) -> dict[str, Any]:
    """A rule that refers to the site's networks, of which the built-in site lists none."""
    schema = {"$ref": "site#/$defs/networks"}
    facts = {"networks": {"items": {"properties": {"name": schema}}}}
    return written | {
        "operations": ["ContainerCreate"],
        "properties": {"facts": {"properties": facts}},
        "allows": {"docker run --network mine busybox": {"body": network("mine")}},
        "denies": {"docker run --network other busybox": {"body": network("other")}},
    }


def network(name: str) -> Any:
    return {"HostConfig": {"NetworkMode": name}, "NetworkingConfig": {"EndpointsConfig": {"app": None, name: {}}}}


def test_a_sites_rule_is_tried_with_the_sites_values(written: dict[str, Any], tmp_path: Path) -> None:
    write_files(tmp_path, {"rules/mine/mine.json": networks(written), "site.json": {"networks": ["mine"]}})

    (trial,) = tried(tmp_path)

    assert trial.rule.id == "mine"
    assert faults(trial) == {}


def test_an_example_site_lists_what_the_site_itself_does_not(written: dict[str, Any], tmp_path: Path) -> None:
    write_files(tmp_path, {"rules/mine/mine.json": networks(written)})
    (alone,) = tried(tmp_path)

    write_files(tmp_path, {"example-site/site.json": {"networks": ["mine"]}})
    (beside,) = tried(tmp_path)

    assert set(faults(alone)) >= {"examples"}
    assert faults(beside) == {}


def test_a_rule_that_replaces_a_built_in_one_is_tried_beside_it(written: dict[str, Any], tmp_path: Path) -> None:
    write_files(tmp_path, {"rules/mine/no-privileged.json": written})

    assert [trial.rule.id for trial in tried(tmp_path)] == ["no-privileged"]


def test_a_later_folder_is_tried_on_top_of_the_earlier_one(written: dict[str, Any], tmp_path: Path) -> None:
    write_files(tmp_path / "a", {"site.json": {"networks": ["mine"]}})
    write_files(tmp_path / "b", {"rules/mine/mine.json": networks(written)})

    (trial,) = tried(tmp_path / "a", tmp_path / "b")

    assert faults(trial) == {}


def test_a_rule_about_the_host_is_tried_in_both_readings(tmp_path: Path) -> None:
    rule = json.loads((SCHEMAS / "host" / "daemon" / "live-restore.json").read_text())
    write_files(tmp_path, {"host/mine/mine.json": rule})
    (good,) = tried(tmp_path)
    rule["denies"] |= {"mine": {}}
    write_files(tmp_path, {"host/mine/mine.json": rule})
    (bad,) = tried(tmp_path)

    assert faults(good) == {}
    assert [fault.partition(" by ")[0] for fault in faults(bad)["examples"]] == ["denies: 'mine' is allowed"] * 2


def test_a_host_that_host_json_does_not_describe_is_no_example(tmp_path: Path) -> None:
    rule = json.loads((SCHEMAS / "host" / "daemon" / "live-restore.json").read_text())
    rule["allows"] |= {"mine": {"demon": {}}}
    write_files(tmp_path, {"host/mine/mine.json": rule})

    (trial,) = tried(tmp_path)

    assert faults(trial)["examples"][0].startswith("'mine': not a valid request (")


def test_an_invalid_folder_is_refused_with_every_fault(tmp_path: Path) -> None:
    write_files(tmp_path, {"rules/mine/mine.json": {"title": "Too little"}})

    with pytest.raises(LoadError, match=r"mine\.json: 'reason' is missing"):
        tried(tmp_path)
