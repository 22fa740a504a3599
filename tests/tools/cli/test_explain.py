"""`portero explain` and `portero rules`: rules, refusal codes, and what a shell completes."""

import json
import re
from pathlib import Path

import pytest
from click.shell_completion import BashComplete

from portero.decide.values.refusals import CODES
from portero.serve.application.loading import judge_of
from portero.serve.settings.settings import Settings
from portero.tools.cli import main
from portero.tools.cli.explain import _explain_rule
from tests.decide.judging.requests import make_exception, write_files
from tests.tools.cli.running import fault_of, portero, read_json


def action_of(*words: object) -> str:
    """What a violation of no-privileged does."""
    rows: list[dict[str, str]] = read_json(portero("explain", "--json", *words))
    return next(row["action"] for row in rows if row["id"] == "no-privileged")


def test_a_rule_is_explained_with_its_action_here_what_to_try_and_its_exceptions(tmp_path: Path) -> None:
    exception = make_exception(["memory-limit"], operation={"const": "ContainerCreate"})
    site = {"actions": {"memory-limit": "audit"}, "memory-max": "4g"}
    write_files(tmp_path, {"exceptions/installer.json": exception, "site.json": site})

    lines = portero("explain", "memory-limit", "--schemas", tmp_path).output.splitlines()

    assert "action           audit (set in site.json)" in lines
    assert any(entry.startswith("try              add -m ") for entry in lines)
    at = lines.index("exceptions")
    assert lines[at + 1] == "  installer: active, until 2999-12-31, owner team: It needs them."


@pytest.mark.parametrize(
    ("rule", "proposed"),
    [
        ("no-privileged", "leave out --privileged"),
        ("no-writable-home", "mount it read-only, leave out -v, leave out --mount"),
    ],
)
def test_what_to_try_is_worded(rule: str, proposed: str) -> None:
    assert read_json(portero("explain", rule, "--json"))["try"] == proposed


def test_a_rule_that_proposes_nothing_says_nothing_of_it() -> None:
    page = portero("explain", "no-swarm-join").output

    assert not any(entry.startswith(("try", "exceptions")) for entry in page.splitlines())


def test_the_action_of_unknown_fields_is_the_sites(tmp_path: Path) -> None:
    (tmp_path / "site.json").write_text('{"unknown-fields": "audit"}')

    page = read_json(portero("explain", "unknown-field", "--schemas", tmp_path, "--json"))

    assert page["action"] == "audit (unknown-fields in site.json)"


def test_a_rule_is_explained_with_reason_remedy_and_examples() -> None:
    result = portero("explain", "no-privileged", "--profile", "baseline")

    assert result.exit_code == 0
    head, _, *rest = result.output.splitlines()
    assert head.startswith("no-privileged: ")
    assert "action           deny (profile baseline)" in rest
    assert "  docker run --privileged busybox" in rest
    fields = {line.split()[0] for line in rest if not line.startswith(" ")}
    assert {"level", "reason", "remedy", "sources", "threats", "operations", "allows", "denies", "file"} <= fields


@pytest.mark.parametrize("code", CODES)
def test_every_refusal_code_is_explained(code: str) -> None:
    page = json.loads(portero("explain", "--json", code).output)

    assert (page["id"], page["title"], page["level"]) == (code, CODES[code].title, "always")
    assert page["remedy"] == {"docker": CODES[code].remedy}


@pytest.mark.parametrize(
    ("name", "cure"),
    [
        ("no-privilegd", "; did you mean no-privileged"),
        ("no-kexek", "; did you mean no-kexec?"),
        ("xyzzy", "; see `portero explain`\n"),
    ],
    ids=["close to one", "close to one about the host", "close to none"],
)
def test_a_name_that_is_neither_rule_nor_code_is_answered_with_the_closest_or_the_list(name: str, cure: str) -> None:
    fault = fault_of(portero("explain", name))

    assert fault.startswith(f"portero: {name}: unknown rule, code or decision ID{cure}")


def test_the_name_of_an_entry_lists_the_rules_that_a_denial_shows_together() -> None:
    lines = portero("explain", "limits").output.splitlines()

    assert lines[0] == "limits: Rules that a denial shows together"
    assert lines[3].startswith("  memory-limit (hardened): ")


def test_rules_are_listed_with_their_action_worst_level_first() -> None:
    rows = read_json(portero("explain", "--json", "--profile", "baseline"))

    levels = [row["level"] for row in rows]
    assert levels == sorted(levels, key=["baseline", "hardened", "restricted", "advisory"].index)
    assert action_of("--profile", "baseline") == "deny"
    assert {row["action"] for row in rows if row["level"] == "restricted"} <= {"audit", "off"}


def test_the_table_for_people_has_a_line_for_each_rule() -> None:
    rows = read_json(portero("explain", "--json"))

    table = portero("explain").output.splitlines()

    assert [line.split()[0] for line in table] == [row["id"] for row in rows]
    assert table[0].endswith(rows[0]["title"])


@pytest.mark.parametrize("actions", [["audit"], ["off", "audit"]], ids=["one folder", "the last of several"])
def test_the_sites_own_word_about_a_rule_shows(tmp_path: Path, actions: list[str]) -> None:
    words: list[object] = []
    for action in actions:
        folder = write_files(tmp_path / action, {"site.json": {"actions": {"no-privileged": action}}})
        words += ["--schemas", folder]

    assert action_of(*words) == "audit"


def complete(beginning: str) -> list[str]:
    shell = BashComplete(main, {}, "portero", "_PORTERO_COMPLETE")
    return [found.value for found in shell.get_completions(["explain"], beginning)]


@pytest.mark.parametrize("profile", ["", "soft"], ids=["good settings", "invalid settings"])
def test_rules_and_codes_that_begin_so_are_completed(monkeypatch: pytest.MonkeyPatch, profile: str) -> None:
    if profile:
        monkeypatch.setenv("PORTERO_PROFILE", profile)

    assert complete("no-host-p") == ["no-host-pid"]
    assert complete("uri-v") == ["uri-version"]
    assert complete("nothing-begins-so") == []


def test_rules_of_the_site_are_completed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_files(tmp_path, {"rules/images/our-registry.json": b"not read"})
    monkeypatch.setenv("PORTERO_SCHEMAS", str(tmp_path))

    assert complete("our-") == ["our-registry"]


@pytest.mark.parametrize("name", ["no-kexec", "no-kexec.", "(no-kexec)", "no-kexec,"])
def test_a_rule_about_the_host_is_known_as_it_stands_in_a_sentence(name: str) -> None:
    result = portero("explain", name)

    assert result.exit_code == 0
    assert result.output.startswith("no-kexec: No other kernel can be loaded at run time\n")
    assert "remedy (host)" in result.output
    assert "operations" not in result.output


@pytest.mark.parametrize("cut", ["d-123", "d-95bf4f8a1cb", "d-95bf4f8a1cb2f"])
def test_an_id_of_a_decision_that_was_copied_in_part_is_named(cut: str) -> None:
    assert fault_of(portero("explain", cut)) == (
        f"portero: {cut}: not the ID of a decision: copy all of it from the denial, d- and 12 of 0-9 and a-f\n"
    )


def test_no_rule_shows_a_place_that_only_a_request_fills() -> None:
    judge = judge_of(Settings.read({}, {}))
    shown = [_explain_rule(rule, judge.policy, "hardened") for rule in judge.policy.rules.values()]

    unfilled = {
        str(each["id"])
        for each in shown
        if re.search(r"(?<!\{)\{[a-zA-Z-]+\}(?!\})", f"{each['reason']} {each['remedy']}")
    }

    assert unfilled == set()
    assert "Container NAME exists already, and could not be created now: VIOLATIONS." in {
        each["reason"] for each in shown
    }
