"""A shell completes ids of rules, also of the site's, and refusal codes after `portero explain`."""

from pathlib import Path

import pytest
from click.shell_completion import BashComplete

from portero.cli import main


def complete(beginning: str) -> list[str]:
    shell = BashComplete(main, {}, "portero", "_PORTERO_COMPLETE")
    return [found.value for found in shell.get_completions(["explain"], beginning)]


def test_rules_and_codes_that_begin_so_are_completed() -> None:
    assert complete("no-host-p") == ["no-host-pid"]
    assert complete("uri-v") == ["uri-version"]
    assert complete("nothing-begins-so") == []


def test_rules_of_the_site_are_completed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "rules" / "images").mkdir(parents=True)
    (tmp_path / "rules" / "images" / "our-registry.json").write_text("not read")
    monkeypatch.setenv("PORTERO_SCHEMAS", str(tmp_path))

    assert complete("our-") == ["our-registry"]


def test_with_settings_that_are_invalid_the_built_in_rules_are_completed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PORTERO_PROFILE", "soft")

    assert complete("no-host-p") == ["no-host-pid"]
