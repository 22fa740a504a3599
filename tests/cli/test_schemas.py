"""`portero schemas`: what editors need to complete the files of a site."""

import json
from pathlib import Path

from portero.cli.schemas import NAMES
from tests.cli.running import portero
from tests.paths import SCHEMAS


def test_each_schema_is_written_with_an_id_of_its_own(tmp_path: Path) -> None:
    result = portero("schemas", tmp_path / "site")

    assert result.exit_code == 0
    ids = {json.loads((tmp_path / "site" / name).read_text())["$id"] for name in NAMES}
    assert ids == {f"urn:portero:{name.removesuffix('.json')}" for name in NAMES}


def test_a_policy_folder_with_the_schemas_loads(tmp_path: Path) -> None:
    portero("schemas", tmp_path)
    (tmp_path / "site.json").write_text('{"$schema": "site.schema.json", "pids-max": 300}')

    result = portero("explain", "pids-limit", "--schemas", tmp_path)

    assert result.exit_code == 0, result.output
    assert "--pids-limit 300" in result.output


def test_a_folder_that_cannot_be_made_is_could_not(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    result = portero("schemas", tmp_path / "file" / "inner")

    assert result.exit_code == 2
    assert result.stderr == f"portero: {tmp_path / 'file' / 'inner'}: Not a directory\n"


def test_the_schema_of_host_rules_is_whole(tmp_path: Path) -> None:
    portero("schemas", tmp_path)

    assert "$defs" in json.loads((tmp_path / "host-rule.json").read_text())


def test_every_schema_has_an_id_of_its_own() -> None:
    contents = [read for file in SCHEMAS.glob("*.json") if isinstance(read := json.loads(file.read_text()), dict)]
    ids = [content.get("$id") for content in contents if "json-schema.org" in content.get("$schema", "")]

    assert None not in ids
    assert len({*ids}) == len(ids)
