"""What is said of a policy that is not in force, and of what the next start would do."""

from dataclasses import replace
from pathlib import Path

import pytest

from portero.settings.settings import Settings
from portero.status.policy_notices import list_invalid, list_warnings
from portero.status.policy_state import PolicyState

FINE = PolicyState(1.0, 1.0, (), {}, {})
FAULTY = replace(FINE, faults=("site.json: x",))


@pytest.mark.parametrize(
    ("unusable", "mode", "begins"),
    [
        ("settings-unusable", "enforce", "NOTHING IS ALLOWED: the settings cannot be used"),
        ("policy-unusable", "enforce", "NOTHING IS ALLOWED: no policy is valid"),
        ("policy-unusable", "audit", "only the built-in rules are reported: no policy is valid"),
    ],
)
def test_what_is_in_force_instead_is_said(tmp_path: Path, unusable: str, mode: str, begins: str) -> None:
    (told,) = list_invalid(Settings.read({}, {"mode": mode}), FAULTY, unusable)

    assert told.startswith(begins)


@pytest.mark.parametrize("kept", [False, True])
def test_an_invalid_folder_is_said_with_what_the_next_start_would_do(tmp_path: Path, kept: bool) -> None:
    settings = Settings.read({}, {"state": str(tmp_path / "versions.json")})
    if kept:
        settings.last_policy.write_text("")

    (told,) = list_invalid(settings, FAULTY, "")

    expected = f"would take it from {tmp_path}/last-policy.json" if kept else "would have no policy"
    assert told.endswith(f"1970-01-01T00:00:01.000Z; the next start {expected}")


def test_a_valid_folder_is_not_mentioned() -> None:
    settings = Settings.read({}, {})

    assert [*list_invalid(settings, FINE, ""), *list_warnings(settings, FINE)] == []
