"""Site folders of the last release work on: `said` is read as `at`, and a warning names the file and the cure."""

import json
from pathlib import Path
from typing import Any

import pytest

from portero import engine
from portero.policy.earlier_dialect import is_earlier, translate
from portero.policy.folder import read
from portero.policy.loader import load
from portero.policy.policy import Policy
from portero.reading.routes import Routes
from tests.paths import SCHEMAS

OPERATIONS = Routes.load(json.loads((SCHEMAS / "operations.json").read_text())).operations
# Refuses privileged containers, wherever but in a body's HostConfig the request asks for them.
RULE: dict[str, Any] = {
    "$schema": "../../rule.json",
    "title": "Only containers are privileged",
    "reason": "A privileged command can take over the host.",
    "remedy": {"docker": "drop --privileged"},
    "level": "baseline",
    "threats": ["host-compromise"],
    "sources": ["Portero"],
    "operations": ["ContainerCreate", "ContainerExec"],
    "properties": {
        "facts": {
            "properties": {"privileged": {"anyOf": [{"properties": {"said": {"const": "HostConfig.Privileged"}}}]}}
        }
    },
    "allows": {"docker run busybox": {}},
    "denies": {"docker exec --privileged web id": {"operation": "ContainerExec", "body": {"Privileged": True}}},
}
EXCEPTION: dict[str, Any] = {
    "$schema": "../exception.json",
    "rules": ["our-rule"],
    "match": {"properties": {"facts": {"properties": {"privileged": {"required": ["said"]}}}}},
    "reason": "The job is old.",
    "owner": "ops",
    "expires": "2999-12-31",
}


def request(at: str) -> dict[str, Any]:
    return {"operation": "ContainerExec", "facts": {"privileged": {"value": True, "at": at}}}


def site_folder(folder: Path, rule: dict[str, Any], exception: dict[str, Any] | None = None) -> Path:
    for name, content in (("rules/ours/our-rule.json", rule), ("exceptions/old-job.json", exception)):
        if content is not None:
            (folder / name).parent.mkdir(parents=True)
            (folder / name).write_text(json.dumps(content))
    return folder


def loaded(folder: Path, name: str = "reference") -> Policy:
    return load([SCHEMAS, folder], engine.named(name), OPERATIONS)


@pytest.mark.parametrize("name", engine.NAMES)
def test_a_rule_of_dialect_1_checks_the_present_facts(tmp_path: Path, name: str) -> None:
    policy = loaded(site_folder(tmp_path, RULE), name)

    ours = [(v.rule, v.at) for v in policy.check(request("Privileged"), "baseline") if v.rule == "our-rule"]
    assert ours == [("our-rule", "Privileged")]
    assert not [v for v in policy.check(request("HostConfig.Privileged"), "baseline") if v.rule == "our-rule"]


def test_an_exception_of_dialect_1_waives_what_it_matches(tmp_path: Path) -> None:
    policy = loaded(site_folder(tmp_path, RULE, EXCEPTION))
    broken = policy.check(request("Privileged"), "baseline")

    waived = {v.rule: v.exception for v in policy.waived(broken, request("Privileged"), 0.0)}
    assert waived["our-rule"] == "old-job"


def test_each_file_of_dialect_1_gives_one_warning_with_its_cure(tmp_path: Path) -> None:
    policy = loaded(site_folder(tmp_path, RULE, EXCEPTION))

    words = 'is of dialect 1, which the next release refuses: rename said to at and add "dialect": 2'
    assert policy.warnings == (
        f"{tmp_path / 'rules/ours/our-rule.json'}: {words}",
        f"{tmp_path / 'exceptions/old-job.json'}: {words}",
    )


def test_a_file_that_never_used_the_former_name_needs_only_its_version() -> None:
    _, warning = translate("rules", {"properties": {"facts": {"properties": {"privileged": {}}}}})

    assert warning == 'is of dialect 1, which the next release refuses: add "dialect": 2'


def test_the_built_in_files_are_of_the_present_dialect() -> None:
    folder = read(SCHEMAS, [])

    assert not [str(file) for file, rule in folder.rules.items() if is_earlier(rule)]


def test_a_file_of_dialect_2_is_read_as_it_stands(tmp_path: Path) -> None:
    read_as = read(site_folder(tmp_path, {**RULE, "dialect": 2}), found := [])

    assert [*read_as.rules.values()] == [{**RULE, "dialect": 2}]
    assert (read_as.warnings, found) == ((), [])


@pytest.mark.parametrize("keyword", ["not", "if", "then", "else"])
def test_the_former_name_is_found_below_conditions(keyword: str) -> None:
    former = {keyword: {"properties": {"facts": {"required": ["said"]}}}}

    assert translate("rules", former)[0] == {keyword: {"properties": {"facts": {"required": ["at"]}}}}


@pytest.mark.parametrize("part", ["body", "query", "identity"])
def test_said_outside_the_facts_keeps_its_name(part: str) -> None:
    other: dict[str, Any] = {"properties": {part: {"required": ["said"], "properties": {"said": {"const": "said"}}}}}

    assert translate("rules", other)[0] == other


def test_a_body_field_called_facts_is_no_fact() -> None:
    other: dict[str, Any] = {"properties": {"body": {"properties": {"facts": {"required": ["said"]}}}}}

    assert translate("rules", other)[0] == other


def test_everything_a_host_rule_looks_at_is_a_fact() -> None:
    former: dict[str, Any] = {"properties": {"listeners": {"items": {"properties": {"said": {"const": "x"}}}}}}

    assert translate("host", former)[0] == {
        "properties": {"listeners": {"items": {"properties": {"at": {"const": "x"}}}}}
    }


def test_a_reference_to_the_place_follows_its_name() -> None:
    former: dict[str, Any] = {"properties": {"facts": {"items": {"$ref": "request#/$defs/said"}}}}

    assert translate("rules", former)[0]["properties"] == {"facts": {"items": {"$ref": "request#/$defs/at"}}}


@pytest.mark.parametrize("odd", [None, 1, [], "said"])
def test_what_is_no_schema_is_left_to_the_dialect(odd: Any) -> None:
    document = {"properties": odd, "required": odd, "allOf": odd, "not": odd}

    assert translate("rules", document)[0] == document


def test_a_document_too_deep_to_translate_is_a_fault_of_its_file(tmp_path: Path) -> None:
    folder = site_folder(tmp_path, RULE)
    deep = '{"not": ' * 700 + "{}" + "}" * 700
    (folder / "rules/ours/our-rule.json").write_text(deep)

    read(folder, found := [])
    assert found == [f"{folder / 'rules/ours/our-rule.json'}: nests too deep: make it flatter"]
