"""The policy in force for commands on the same host: all of it for root, for users what refusals show."""

import json
from pathlib import Path
from typing import Any

import pytest

from portero.serve.status import policy_page
from portero.serve.status.policy_page import PolicyPage
from tests.serve.application.test_application import built, site_with_exception

SITE = {"memory-max": "3g", "registries": ["r.example.com"], "break-glass": ["oncall"], "actions": {"no-swap": "audit"}}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = Path(site_with_exception(tmp_path))
    (folder / "site.json").write_text(json.dumps(SITE))
    return folder


def page(tmp_path: Path, folder: Path, describe: Any, unusable: str = "") -> PolicyPage:
    running = built(tmp_path, schemas=str(folder), profile="restricted")
    in_force = running.in_force
    document = describe(running.settings, in_force.state, in_force.judge.policy, unusable)
    return policy_page.read_page(json.loads(json.dumps(document)))


def test_root_gets_every_file_that_is_in_force_and_every_setting(tmp_path: Path, folder: Path) -> None:
    whole = page(tmp_path, folder, policy_page.describe_policy, "policy-unusable")

    assert {name: json.loads(data) for name, data in whole.files[folder].items()}["site.json"] == SITE
    assert "exceptions/installer.json" in whole.files[folder]
    assert whole.settings["PORTERO_SCHEMAS"] == str(folder)
    assert (whole.unusable, whole.hidden) == ("policy-unusable", None)


def test_users_get_the_figures_of_refusals_and_the_names_of_what_is_left_out(tmp_path: Path, folder: Path) -> None:
    shown = page(tmp_path, folder, policy_page.describe_summary)

    assert [*shown.files[folder]] == ["site.json"]
    assert json.loads(shown.files[folder]["site.json"]) == {"memory-max": "3g", "actions": {"no-swap": "audit"}}
    assert {*shown.settings} == {"PORTERO_PROFILE", "PORTERO_AUDIT_PROFILE", "PORTERO_MODE"}
    assert shown.hidden == ("break-glass", "exceptions", "registries")


@pytest.mark.parametrize("document", [{}, {"format": 2}, {"format": 1, "folders": [], "settings": {}}])
def test_another_document_is_none(document: dict[str, Any]) -> None:
    with pytest.raises((LookupError, TypeError, ValueError)):
        policy_page.read_page(document)
