"""`portero explain`: the page of a rule or a refusal code."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from portero.cli import main
from portero.refusals import CODES


def run(*arguments: object, text: bytes | None = None) -> Result:
    return CliRunner().invoke(main, [*map(str, arguments)], input=text, env={"PORTERO_SOCKET": "/nowhere.sock"})


def told(result: Result) -> Any:
    return json.loads(result.stdout)


def test_a_rule_is_explained_with_its_action_here_what_to_try_and_its_exceptions(tmp_path: Path) -> None:
    (tmp_path / "exceptions").mkdir()
    exception = {
        "$schema": "../exception.json",
        "dialect": 2,
        "rules": ["memory-limit"],
        "match": {"properties": {"operation": {"const": "ContainerCreate"}}},
        "reason": "The old installer needs it.",
        "owner": "operations",
        "expires": "2999-12-31",
    }
    (tmp_path / "exceptions" / "installer.json").write_text(json.dumps(exception))
    (tmp_path / "site.json").write_text('{"actions": {"memory-limit": "audit"}, "memory-max": "4g"}')

    lines = run("explain", "memory-limit", "--schemas", tmp_path).output.splitlines()

    assert "action           audit (set in site.json)" in lines
    assert any(entry.startswith("try              add --memory ") for entry in lines)
    at = lines.index("exceptions")
    assert lines[at + 1] == ("  installer: active, until 2999-12-31, owner operations: The old installer needs it.")


@pytest.mark.parametrize(
    ("rule", "proposed"),
    [
        ("no-privileged", "leave out --privileged"),
        ("no-writable-home", "mount it read-only, leave out --volume, leave out --mount"),
    ],
)
def test_what_to_try_is_worded(rule: str, proposed: str) -> None:
    assert told(run("explain", rule, "--json"))["try"] == proposed


def test_a_rule_that_proposes_nothing_says_nothing_of_it() -> None:
    page = run("explain", "no-swarm-join").output

    assert not any(entry.startswith(("try", "exceptions")) for entry in page.splitlines())


def test_the_action_of_unknown_fields_is_the_sites(tmp_path: Path) -> None:
    (tmp_path / "site.json").write_text('{"unknown-fields": "audit"}')

    page = told(run("explain", "unknown-field", "--schemas", tmp_path, "--json"))

    assert page["action"] == "audit (unknown-fields in site.json)"


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
    assert "no-privilegd: unknown rule, code or decision ID; did you mean no-privileged" in result.stderr


def test_a_name_that_is_close_to_nothing_is_sent_to_the_list() -> None:
    result = run("explain", "xyzzy")

    assert result.exit_code == 2
    assert result.stderr == "portero: xyzzy: unknown rule, code or decision ID; see `portero rules`\n"


def test_the_name_of_an_entry_lists_the_rules_that_are_told_together() -> None:
    lines = run("explain", "limits").output.splitlines()

    assert lines[0] == "limits: Rules that a denial tells together"
    assert lines[3].startswith("  memory-limit (hardened): ")
