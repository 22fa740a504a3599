"""What Portero begins with: the folders, else the last policy, verified again, else nothing but a refusal."""

from pathlib import Path

import pytest

from portero.observe.stores.api_tables import load_api
from portero.serve.application import first_policy, last_policy
from portero.serve.application.first_policy import find_policy
from portero.serve.application.loading import load_trusted
from portero.serve.settings.settings import Settings

OPERATIONS = load_api()[0].operations


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Those of a folder whose policy was in force, and is invalid now."""
    (tmp_path / "policy").mkdir()
    site = tmp_path / "policy" / "site.json"
    site.write_text('{"actions": {"no-privileged": "off"}}')
    found = Settings.read({}, {"schemas": str(site.parent), "state": str(tmp_path / "state" / "versions.json")})
    loaded = load_trusted(found, OPERATIONS)
    last_policy.save_policy(found, loaded.state.files, loaded.state.links)
    site.write_text("{")
    return found


def test_the_last_policy_is_in_force_from_the_first_start_on(settings: Settings) -> None:
    first = find_policy(settings, OPERATIONS)

    assert (first.unusable, len(first.state.faults)) == ("", 1)
    assert first.policy.site_actions == {"no-privileged": "off"}


@pytest.mark.parametrize("spoil", ["missing", "changed", "unsigned"])
def test_without_one_that_verifies_there_is_no_policy(settings: Settings, spoil: str, tmp_path: Path) -> None:
    saved = settings.last_policy
    if spoil == "missing":
        saved.unlink()
    elif spoil == "changed":
        saved.write_bytes(saved.read_bytes().replace(b'"links"', b'"Links"'))
    else:
        (tmp_path / "key.pub").write_text("no key")
        given = {"schemas": str(settings.schemas[0]), "state": str(settings.state), "host_groups": "web"}
        settings = Settings.read({}, {**given, "trusted_keys": str(tmp_path / "key.pub")})

    first = find_policy(settings, OPERATIONS)

    assert first.unusable == "policy-unusable"
    assert first.policy.site_actions == {}


def test_with_settings_that_cannot_be_used_no_policy_is_looked_for(settings: Settings) -> None:
    first = find_policy(settings, OPERATIONS, setting_faults=["PORTERO_MODE: write one of enforce, audit"])

    assert (first.unusable, first.state.faults) == ("settings-unusable", ("PORTERO_MODE: write one of enforce, audit",))
    assert first.policy.site_actions == {}


def test_an_error_of_ours_leaves_dockerd_with_an_answer(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(first_policy.loading, "remember_versions", None)
    (settings.schemas[0] / "site.json").write_text("{}")

    first = find_policy(settings, OPERATIONS)

    assert first.state.faults == ("internal error (TypeError); see the log on standard error",)
    assert first.policy.site_actions == {"no-privileged": "off"}
