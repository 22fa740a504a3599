"""`portero new rule` writes a rule that loads, refuses nothing and proves itself."""

import json
from pathlib import Path

import pytest
from click.testing import Result

from portero.observe.process import package_files
from portero.observe.stores.api_tables import load_api
from portero.observe.stores.policy_loader import load_policy
from portero.tools.cli.new import NAMES
from portero.tools.proof.prove import CHECKS, RuleProof
from portero.tools.proof.rule_examples import list_rules
from tests.paths import SCHEMAS
from tests.tools.cli.running import fault_of, portero


def new(file: Path) -> Result:
    return portero("init", "rule", str(file))


def test_the_new_rule_is_proved_as_it_stands(tmp_path: Path) -> None:
    file = tmp_path / "rules" / "images" / "our-registry.json"

    written = new(file)

    assert (written.exit_code, written.output) == (
        0,
        f"{file}: written; change it, then run: portero test {tmp_path}\n",
    )
    routes, shapes = load_api()
    (proof,) = [
        RuleProof.of(on, rule)
        for on, rule in list_rules([package_files.schemas(), tmp_path], routes.operations, shapes)
        if rule.file == str(file)
    ]
    assert proof.rule.level == "advisory"
    assert [fault for check in CHECKS.values() for fault in check(proof)] == []


def test_a_rule_that_is_there_is_not_replaced(tmp_path: Path) -> None:
    file = tmp_path / "rules" / "images" / "ours.json"
    file.parent.mkdir(parents=True)
    file.write_text("mine")

    result = new(file)

    assert (result.exit_code, file.read_text()) == (2, "mine")
    assert result.stderr == f"portero: {file}: is there already; choose another name\n"


@pytest.mark.parametrize("name", ["ours.json", "rules/Images/ours.json", "rules/images/ours.yaml", "host/a/b.json"])
def test_a_name_that_would_not_be_read_as_a_rule_is_refused(tmp_path: Path, name: str) -> None:
    result = new(tmp_path / name)

    assert (result.exit_code, "name it DIR/rules/TOPIC/RULE-ID.json" in result.stderr) == (2, True)
    assert [*tmp_path.iterdir()] == []


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "rules").write_text("")

    assert "Not a directory" in fault_of(new(tmp_path / "rules" / "images" / "ours.json"))
    assert (
        fault_of(portero("init", "schemas", tmp_path / "rules/in"))
        == f"portero: {tmp_path}/rules/in: Not a directory\n"
    )


def test_a_list_of_images_is_written_anew_from_reports(tmp_path: Path) -> None:
    report, file = tmp_path / "trivy.json", tmp_path / "image-lists" / "scan.json"
    found = [{"Vulnerabilities": [{"VulnerabilityID": "CVE-2026-1", "Severity": "CRITICAL"}]}]
    digest = f"sha256:{'a' * 64}"
    for results, listed in ((found, {digest: "CVE-2026-1 (critical)"}), ([], {})):
        report.write_text(json.dumps({"Metadata": {"ImageID": digest}, "Results": results}))
        done = portero("init", "image-list", str(file), "--from", str(report))
        assert done.exit_code == 0, done.output
        assert json.loads(file.read_text())["digests"] == listed
    (tmp_path / "site.json").write_text(json.dumps({"image-digests": {"denied": ["scan.json"]}}))
    assert (
        load_policy([package_files.schemas(), tmp_path], load_api()[0].operations).images.denied[0].name == "scan.json"
    )


@pytest.mark.parametrize(
    ("words", "fault"),
    [
        (["scan.json", "--from", "x"], "name it DIR/image-lists/NAME.json"),
        (["image-lists/scan.json"], "Missing option '--from'"),
        (
            ["image-lists/scan.json", "--from", "missing.json"],
            "missing.json: No such file or directory; name a report of trivy or grype",
        ),
        (["image-lists/scan.json", "--from", "/dev/null"], "/dev/null: is not a regular file"),
    ],
)
def test_a_list_of_images_needs_a_name_and_a_report(words: list[str], fault: str) -> None:
    assert fault in fault_of(portero("init", "image-list", *words))


def test_each_schema_is_written_whole_and_with_an_id_of_its_own(tmp_path: Path) -> None:
    assert portero("init", "schemas", tmp_path / "site").exit_code == 0
    written = {name: json.loads((tmp_path / "site" / name).read_text()) for name in NAMES}
    assert [schema["$id"] for schema in written.values()] == [f"urn:portero:{name[:-5]}" for name in NAMES]
    assert "$defs" in written["host-rule.json"]


def test_a_policy_folder_with_the_schemas_loads(tmp_path: Path) -> None:
    portero("init", "schemas", tmp_path)
    (tmp_path / "site.json").write_text('{"$schema": "site.schema.json", "pids-max": 300}')

    result = portero("explain", "pids-limit", "--schemas", tmp_path)

    assert result.exit_code == 0, result.output
    assert "--pids-limit 300" in result.output


def test_every_schema_has_an_id_of_its_own() -> None:
    contents = [read for file in SCHEMAS.glob("*.json") if isinstance(read := json.loads(file.read_text()), dict)]
    ids = [content.get("$id") for content in contents if "json-schema.org" in content.get("$schema", "")]

    assert None not in ids
    assert len({*ids}) == len(ids)
