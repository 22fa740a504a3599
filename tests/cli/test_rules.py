"""`portero rules`: the rules in force, with their actions."""

import json
from pathlib import Path

from click.testing import CliRunner, Result

from portero.cli import main


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, list(arguments))


def test_rules_are_listed_with_their_action_worst_level_first() -> None:
    rows = json.loads(run("rules", "--json", "--profile", "baseline").output)

    levels = [row["level"] for row in rows]
    assert levels == sorted(levels, key=["baseline", "hardened", "restricted", "advisory"].index)
    assert next(row for row in rows if row["id"] == "no-privileged")["action"] == "deny"
    assert {row["action"] for row in rows if row["level"] == "restricted"} <= {"audit", "off"}


def test_the_table_for_people_has_a_line_for_each_rule() -> None:
    rows = json.loads(run("rules", "--json").output)

    table = run("rules").output.splitlines()

    assert [line.split()[0] for line in table] == [row["id"] for row in rows]
    assert table[0].endswith(rows[0]["title"])


def test_the_sites_own_word_about_a_rule_shows(tmp_path: Path) -> None:
    (tmp_path / "site.json").write_text('{"actions": {"no-privileged": "audit"}}')

    rows = json.loads(run("rules", "--json", "--schemas", str(tmp_path)).output)

    assert next(row for row in rows if row["id"] == "no-privileged")["action"] == "audit"


def test_several_policy_folders_can_be_named(tmp_path: Path) -> None:
    for name, action in (("first", "off"), ("second", "audit")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "site.json").write_text(json.dumps({"actions": {"no-privileged": action}}))

    result = run("rules", "--json", "--schemas", str(tmp_path / "first"), "--schemas", str(tmp_path / "second"))

    assert next(row for row in json.loads(result.output) if row["id"] == "no-privileged")["action"] == "audit"
