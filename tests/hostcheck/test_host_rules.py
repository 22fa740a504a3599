"""Loading the rules about the host: whole, or not at all with every fault."""

import json
from pathlib import Path
from typing import Any

import pytest

from portero.hostcheck.host_rules import load
from portero.policy import loader
from portero.policy.loader import InvalidPolicy
from portero.reading.routes import Routes
from tests.paths import SCHEMAS
from tests.policy.test_positions import without_position

RULE = json.loads((SCHEMAS / "host" / "kernel" / "kernel-pointers-hidden.json").read_text())


def site_folder(tmp_path: Path, rule: Any = None, site: Any = None) -> Path:
    if rule is not None:
        (tmp_path / "host" / "own").mkdir(parents=True)
        (tmp_path / "host" / "own" / "own-rule.json").write_text(json.dumps(rule))
    if site is not None:
        (tmp_path / "site.json").write_text(json.dumps(site))
    return tmp_path


def faults(*folders: Path) -> list[str]:
    with pytest.raises(InvalidPolicy) as broken:
        load(folders)
    return [without_position(fault.partition(".json: ")[2]) for fault in broken.value.faults]


def test_a_folder_of_the_site_adds_a_rule(tmp_path: Path) -> None:
    policy = load([SCHEMAS, site_folder(tmp_path, RULE)])

    assert policy.rules.rules["own-rule"].topic == "own"
    assert policy.about["own-rule"] == "host"


def test_a_folder_with_rules_about_the_host_alone_is_a_policy_for_serve_too(tmp_path: Path) -> None:
    routes = Routes.load(json.loads((SCHEMAS / "operations.json").read_text()))

    policy = loader.load([SCHEMAS, site_folder(tmp_path, RULE)], routes.operations)

    assert "own-rule" not in policy.rules


def test_the_sites_actions_may_name_rules_of_both_kinds(tmp_path: Path) -> None:
    folder = site_folder(tmp_path, site={"actions": {"kernel-pointers-hidden": "audit", "no-privileged": "audit"}})

    policy = load([SCHEMAS, folder])

    assert policy.rules.action("kernel-pointers-hidden", "hardened") == "audit"


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"operations": ["ContainerCreate"]}, "'operations' is unknown: did you mean 'properties'?"),
        ({"about": "container"}, "about: must be one of host, daemon"),
        ({"about": None}, "'about' is missing"),
        ({"dialect": None}, "'dialect' is missing: add \"dialect\": 2"),
        ({"remedy": {"docker": "drop it"}}, "remedy: 'host' is missing"),
        ({"$schema": "../../rule.json"}, "$schema: write ../../host-rule.json"),
        (
            {"properties": {"kernel": {"$ref": "request#/$defs/name"}}},
            "properties.kernel.$ref: refer to site#/$defs/<key of site.json>",
        ),
        (
            {"properties": {"kernel": {"$ref": "site#/$defs/engine-minimun"}}},
            "properties.kernel.$ref: 'site#/$defs/engine-minimun' does not exist: "
            "did you mean 'site#/$defs/engine-minimum'?",
        ),
        ({"denies": RULE["allows"]}, "denies: 'sysctl kernel.kptr_restrict=1' is allowed as well: keep one of the two"),
    ],
    ids=lambda change: next(iter(change)) if isinstance(change, dict) else "",
)
def test_a_fault_in_a_rule_is_named_with_its_cure(tmp_path: Path, change: dict[str, Any], fault: str) -> None:
    rule = {name: value for name, value in {**RULE, **change}.items() if value is not None}

    assert fault in faults(SCHEMAS, site_folder(tmp_path, rule))


def test_an_action_for_no_rule_is_a_fault(tmp_path: Path) -> None:
    found = faults(SCHEMAS, site_folder(tmp_path, site={"actions": {"kernel-pointers-hiden": "off"}}))

    assert found == ["actions: unknown rule 'kernel-pointers-hiden': did you mean 'kernel-pointers-hidden'?"]


def test_the_built_in_folder_must_be_whole(tmp_path: Path) -> None:
    assert [fault[:10] for fault in _lines(site_folder(tmp_path, RULE))] == [str(tmp_path)[:10]] * 4


def test_a_policy_without_rules_about_the_host_is_a_fault(tmp_path: Path) -> None:
    for name in ("rule.json", "host-rule.json", "site.json", "site.schema.json"):
        (tmp_path / name).write_text((SCHEMAS / name).read_text())

    assert f"{tmp_path}/host: holds no rule: restore the rules" in _lines(tmp_path)


def _lines(folder: Path) -> tuple[str, ...]:
    with pytest.raises(InvalidPolicy) as broken:
        load([folder])
    return broken.value.faults
