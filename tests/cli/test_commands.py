"""The other commands that need no running plugin: rules, explain, and what all of them share."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from portero import __version__
from portero.cli import main
from portero.refusals import CODES


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, list(arguments))


def test_the_version_is_told() -> None:
    assert run("--version").output == f"portero {__version__}\n"


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


def test_a_rule_is_explained_with_reason_remedy_and_examples() -> None:
    result = run("explain", "no-privileged", "--profile", "baseline")

    assert result.exit_code == 0
    head, _, *rest = result.output.splitlines()
    assert head.startswith("no-privileged: ")
    assert "action           deny (profile baseline)" in rest
    assert "  docker run --privileged busybox" in rest
    fields = {line.split()[0] for line in rest if not line.startswith(" ")}
    assert {"level", "reason", "remedy", "sources", "threats", "operations", "allows", "denies", "file"} <= fields


@pytest.mark.parametrize("code", CODES)
def test_every_refusal_code_is_explained(code: str) -> None:
    page = json.loads(run("explain", "--json", code).output)

    assert (page["id"], page["title"], page["level"]) == (code, CODES[code].title, "always")
    assert page["remedy"] == {"docker": CODES[code].remedy}


def test_a_name_that_is_neither_rule_nor_code_is_answered_with_the_closest() -> None:
    result = run("explain", "no-privilegd")

    assert result.exit_code == 2
    assert "no-privilegd: is neither a rule, nor a code, nor a decision; did you mean no-privileged" in result.stderr


def test_a_name_that_is_close_to_nothing_is_sent_to_the_list() -> None:
    result = run("explain", "xyzzy")

    assert result.exit_code == 2
    assert result.stderr == "portero: xyzzy: is neither a rule, nor a code, nor a decision; see `portero rules`\n"


@pytest.mark.parametrize("command", [["rules"], ["explain", "no-privileged"], ["serve"]])
def test_a_bad_setting_ends_a_command_with_two_and_one_sentence(command: list[str]) -> None:
    result = run(*command, "--profile", "hardend")

    assert result.exit_code == 2
    assert result.stderr == "portero: PORTERO_PROFILE: write one of baseline, hardened, restricted\n"


def test_an_option_said_to_be_empty_is_not_taken_for_unsaid() -> None:
    result = run("serve", "--log", "")

    assert result.exit_code == 2
    assert result.stderr == "portero: PORTERO_LOG: write the path of a file, or - for standard output\n"


@pytest.mark.parametrize("command", [["rules"], ["explain", "no-privileged"], ["serve"]])
def test_a_broken_policy_ends_a_command_with_two_and_one_line_a_fault(command: list[str], tmp_path: Path) -> None:
    (tmp_path / "site.json").write_text('{"acshuns": {}, "runtimes": 7}')

    result = run(*command, "--schemas", str(tmp_path))

    assert result.exit_code == 2
    assert len(result.stderr.splitlines()) == 2
    assert all(line.startswith(f"portero: {tmp_path / 'site.json'}: ") for line in result.stderr.splitlines())


def test_several_policy_folders_can_be_named(tmp_path: Path) -> None:
    for name, action in (("first", "off"), ("second", "audit")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "site.json").write_text(json.dumps({"actions": {"no-privileged": action}}))

    result = run("rules", "--json", "--schemas", str(tmp_path / "first"), "--schemas", str(tmp_path / "second"))

    assert next(row for row in json.loads(result.output) if row["id"] == "no-privileged")["action"] == "audit"
