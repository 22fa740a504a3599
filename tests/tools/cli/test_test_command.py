"""`portero test`: what it says of good and of broken rules, and how it ends."""

import json
from importlib import import_module
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from click.testing import Result

from portero.decide.policy.rule import Rule
from portero.observe.process import package_files
from portero.tools.proof.prove import CHECKS, RuleProof
from portero.tools.proof.rule_examples import RuleKind
from tests.decide.judging.requests import make_exception, write_files
from tests.tools.cli.running import fault_of, portero

COMMAND = import_module("portero.tools.cli.test_command")
SERVICE = {"TaskTemplate": {"ContainerSpec": {"Image": "busybox"}}}
RULE: dict[str, Any] = {
    "$schema": "../../rule.json",
    "dialect": 2,
    "title": "Images come from our own registry",
    "reason": "Nobody here has looked at what other registries hand out.",
    "remedy": {"docker": "name the image as registry.example.com/..."},
    "level": "baseline",
    "threats": ["host-compromise"],
    "sources": ["Portero"],
    "operations": ["ContainerCreate", "ServiceCreate", "ServiceUpdate"],
    "properties": {"facts": {"properties": {"image": {"properties": {"registry": {"const": "registry.example.com"}}}}}},
    "allows": {"docker run registry.example.com/app": {"body": {"Image": "registry.example.com/app"}}},
    "denies": {
        "docker run busybox": {"body": {"Image": "busybox"}},
        "docker service create busybox": {"operation": "ServiceCreate", "body": SERVICE},
        "docker service update --image busybox app": {"operation": "ServiceUpdate", "body": SERVICE},
    },
}


@pytest.fixture(autouse=True)
def _no_checkout(monkeypatch: pytest.MonkeyPatch) -> None:
    """The generated pages are another test's business, and another helper's while this one runs."""
    monkeypatch.setattr(COMMAND, "_PAGES", Path("nowhere") / "generate.py")


@pytest.fixture
def no_built_in(monkeypatch: pytest.MonkeyPatch) -> None:
    """Built-in rules are counted and not proved: tests/decide/policy/test_builtin_rules.py proves them."""
    built_in = str(package_files.schemas())

    class Proof(RuleProof):
        @classmethod
        def of(cls, rule_kind: RuleKind, rule: Rule) -> RuleProof:
            return RuleProof(rule_kind, rule, (), (), (), {}) if is_built_in(rule) else RuleProof.of(rule_kind, rule)

    def is_built_in(rule: Rule) -> bool:
        return rule.file.startswith(built_in)

    monkeypatch.setattr(COMMAND, "RuleProof", Proof)
    ours = {
        name: lambda proof, check=check: () if is_built_in(proof.rule) else check(proof)
        for name, check in CHECKS.items()
    }
    monkeypatch.setattr(COMMAND, "CHECKS", ours)


def prove(*words: str) -> Result:
    return portero("test", *words)


def site(folder: Path, **changes: Any) -> str:
    """A site folder with the rule, changed."""
    return str(write_files(folder, {"rules/images/team-registry.json": RULE | changes}))


@pytest.mark.usefixtures("no_built_in")
def test_the_built_in_folder_counts_once_though_it_is_named(tmp_path: Path) -> None:
    (tmp_path / "same").symlink_to(package_files.schemas())

    result = prove(str(package_files.schemas()), str(tmp_path / "same"))

    assert (result.exit_code, result.stderr) == (0, "")
    assert result.output == prove().output


@pytest.mark.usefixtures("no_built_in")
def test_good_rules_of_a_site_are_counted_beside_the_built_in_ones(tmp_path: Path) -> None:
    result = prove(site(tmp_path))

    assert (result.exit_code, result.stderr) == (0, "")
    assert result.output.startswith("rules tested with rust and reference: ")
    assert result.output.endswith(f" 1 in {tmp_path}; no faults\n")


@pytest.mark.usefixtures("no_built_in")
def test_a_site_is_told_where_its_registries_do_not_hold(tmp_path: Path) -> None:
    values = {"registries": ["registry.example.com"], "actions": {"image-registries": "deny"}}
    (tmp_path / "site.json").write_text(json.dumps(values))

    result = prove(str(tmp_path))

    assert result.exit_code == 0
    assert "image-registries does not hold: docker load, docker import, docker build" in result.stderr


@pytest.mark.usefixtures("no_built_in")
def test_a_fault_is_reported_with_file_check_and_cure(tmp_path: Path) -> None:
    result = prove(site(tmp_path, denies={"docker run mine": {"body": {"Image": "registry.example.com/mine"}}}))

    assert result.exit_code == 1
    file = tmp_path / "rules" / "images" / "team-registry.json"
    faults = result.output.splitlines()[:-1]
    assert faults[0] == (
        f"{file}: examples: denies: 'docker run mine' is allowed by the engine rust: fix the rule or the example"
    )
    assert (
        f"{file}: keywords: properties: deleting it changes no example: add one that needs it, or delete it" in faults
    )
    assert result.output.endswith(f"; {len(faults)} faults\n")


@pytest.mark.usefixtures("no_built_in")
def test_the_folders_of_schemas_are_tried_too(tmp_path: Path) -> None:
    denies = {command: example for command, example in RULE["denies"].items() if "create" not in command}
    result = prove("--schemas", site(tmp_path, denies=denies), "--json")

    (entry,) = json.loads(result.output)
    assert (result.exit_code, entry["check"]) == (1, "operations")
    assert entry["faults"] == [
        "operations: no example under denies is of ServiceCreate: add one, or remove the operation"
    ]


@pytest.mark.usefixtures("no_built_in")
def test_junit_has_a_case_for_each_check_of_each_rule(tmp_path: Path) -> None:
    result = prove(site(tmp_path, denies={"docker run mine": {"body": {"Imge": "busybox"}}}), "--format", "junit")

    suite = ElementTree.fromstring(result.output).find("testsuite")
    assert suite is not None
    mine = {
        case.get("name"): case for case in suite.findall("testcase") if "team-registry" in str(case.get("classname"))
    }
    assert set(mine) == {"examples", "engines", "names", "operations", "keywords"}
    failure = mine["names"].find("failure")
    assert failure is not None
    assert failure.get("message") == "'docker run mine': Docker does not know Imge: spell it as schemas/api does"


def test_a_policy_that_cannot_be_loaded_is_exit_status_2(tmp_path: Path) -> None:
    fault = fault_of(prove(site(tmp_path, propertis={})))

    words = "rules/images/team-registry.json: 'propertis' is unknown: did you mean 'properties'? (line "
    assert fault.startswith(f"portero: {tmp_path}/{words}")


@pytest.mark.usefixtures("no_built_in")
def test_stale_pages_of_a_checkout_are_a_fault(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    script = tmp_path / "generate.py"
    script.write_text("import sys; sys.exit('docs/rules-table.md is stale: run `make docs`')")
    monkeypatch.setattr(COMMAND, "_PAGES", script)

    result = prove()

    assert result.exit_code == 1
    assert f"{script}: pages: docs/rules-table.md is stale: run `make docs`\n" in result.output


@pytest.mark.usefixtures("no_built_in")
def test_what_is_hardly_meant_is_a_warning_and_no_fault(tmp_path: Path) -> None:
    run = "docker run busybox"
    folder = site(tmp_path, operations=["ContainerCreate"], denies={run: RULE["denies"][run]})
    misspelt = {"properties": {"imge": {"properties": {"tag": {"const": "1"}}}}}
    exception = make_exception(["team-registry"], facts=misspelt)
    write_files(tmp_path, {"exceptions/old.json": exception, "site.json": {"sysctls": ["net.core.somaxconn=512"]}})

    result = prove(folder)

    assert result.exit_code == 0
    for sentence in (
        "rules/images/team-registry.json: judges image of containers, not of services: "
        "add ServiceCreate and ServiceUpdate to operations",
        "exceptions/old.json: match: facts.imge: is in no request: did you mean 'image'?",
    ):
        assert f"{tmp_path}/{sentence}" in result.stderr
    assert "site.json: sysctls: net.core.somaxconn=512 matches nothing: write the name alone" in result.stderr
