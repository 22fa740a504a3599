"""Projects as people have them: baseline refuses those with a way to the host alone; the rest lacks limits."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from ruamel.yaml import YAML

from portero.tools.cli import main
from tests.tools.compose.test_requests import needs_compose

from .run import list_rules_by_file

PROJECTS: list[dict[str, Any]] = [*YAML(typ="safe", pure=True).load_all(Path(__file__).with_name("projects.yaml"))]
# Of hardened, what an override cures.
LIMITS = {"cpu-limit", "memory-limit", "pids-limit", "no-swap", "open-files-limit"}

pytestmark = needs_compose


def check(*words: object) -> Result:
    return CliRunner().invoke(main, ["check", "--host-root", "none", *map(str, words)])


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    root = tmp_path_factory.mktemp("world")
    for each in PROJECTS:
        (root / each["project"]).mkdir()
        (root / each["project"] / "key.txt").write_text("x")
        (root / each["project"] / "compose.yaml").write_text(json.dumps(each["compose"]))
    return {each["project"]: root / each["project"] / "compose.yaml" for each in PROJECTS}


def refused_by(profile: str, files: dict[str, Path]) -> dict[str, set[str]]:
    """The rules that refuse each project, from one run for all."""
    found = list_rules_by_file(check("--profile", profile, "--format", "json", *files.values()).stdout)
    return {name: found.get(str(file), set()) for name, file in files.items()}


def test_baseline_refuses_what_has_a_way_to_the_host_and_nothing_else(files: dict[str, Path]) -> None:
    found = refused_by("baseline", files)

    expected = {each["project"]: {*each["baseline"], *each.get("also", ())} for each in PROJECTS}
    assert {name: sorted(rules) for name, rules in found.items() if rules != expected[name]} == {}
    assert len(PROJECTS) >= 60


def test_what_lacks_limits_only_is_legal_under_hardened_with_the_override(files: dict[str, Path]) -> None:
    too_high = {each["project"] for each in PROJECTS if each.get("asks_too_much")}
    refused = refused_by("hardened", files).items()
    lacking = [name for name, rules in refused if rules and rules <= LIMITS and name not in too_high]

    assert len(lacking) > len(PROJECTS) / 4
    result = check("--profile", "hardened", "--fix", "--write", *(files[name] for name in lacking))
    assert result.exit_code == 0, result.output
    assert result.output.splitlines().count("every service is allowed with it") == len(lacking), result.output
