"""The file of the last pull, and what status and metrics report from it."""

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from portero.serve.settings.settings import Settings
from portero.serve.status import bundle_state
from portero.serve.status.bundle_state import BundleState

NOW = 1_800_000_000.0
GOOD = BundleState(mark="x", group="web", version=7, succeeded=NOW - 10, tried=NOW - 10)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    given = {
        "bundle": "oci://127.0.0.1:5000/p:prod",
        "bundle_folder": str(tmp_path),
        "trusted_keys": "/k",
        "host_groups": "web",
    }
    return Settings.read({}, given)


def notices(settings: Settings) -> list[str]:
    return [*bundle_state.list_notices(settings, NOW)]


def test_a_fresh_bundle_needs_no_attention(settings: Settings) -> None:
    bundle_state.write_bundle_state(settings.bundle_folder, GOOD)

    assert notices(settings) == []
    assert b"\nportero_bundle_version 7\n" in bundle_state.make_metrics(settings)
    described = bundle_state.describe(settings)
    assert isinstance(described, dict)
    assert (described["version"], described["for"], described["fault"]) == (7, "web", "")


@pytest.mark.parametrize(
    ("changes", "notice"),
    [
        (
            {"succeeded": NOW - 1201, "fault": "registry: status 503"},
            "no pull of a bundle went well since 2027-01-15T07:39:59.000Z: registry: status 503",
        ),
        (
            {"succeeded": NOW + 86_400},
            "no pull of a bundle went well since 2027-01-16T08:00:00.000Z: portero-bundle.timer does not run",
        ),
        (
            {"refused": True, "fault": "the bundle is signed for db"},
            "a bundle was refused, the last good one stays: the bundle is signed for db",
        ),
    ],
    ids=["stale", "of the future, once the clock was set back", "refused"],
)
def test_one_that_is_stale_or_refused_does(settings: Settings, changes: dict[str, Any], notice: str) -> None:
    bundle_state.write_bundle_state(settings.bundle_folder, replace(GOOD, **changes))

    assert notices(settings) == [notice]


def test_so_does_a_timer_that_never_ran_and_a_state_that_cannot_be_read(settings: Settings) -> None:
    assert notices(settings) == ["no bundle was ever fetched: start portero-bundle.timer"]
    assert bundle_state.make_metrics(settings) == b""
    bundle_state.locate(settings.bundle_folder).write_text("x")
    assert "cannot be read" in notices(settings)[0]


def test_without_a_bundle_there_is_nothing_to_say() -> None:
    settings = Settings.read({}, {})

    assert (notices(settings), bundle_state.describe(settings), bundle_state.make_metrics(settings)) == ([], {}, b"")


def test_what_is_noted_comes_back(tmp_path: Path) -> None:
    assert bundle_state.read_bundle_state(tmp_path) is None
    noted = BundleState(mark='"1"', group="web", version=2, succeeded=1.5, tried=2.5, failures=3, fault="x")

    bundle_state.write_bundle_state(tmp_path / "new", noted)

    assert bundle_state.read_bundle_state(tmp_path / "new") == noted


@pytest.mark.parametrize("text", ["", "[]", '{"other": 1}', '{"format": 1}', '{"format": 2}'])
def test_a_note_of_another_kind_is_an_error(tmp_path: Path, text: str) -> None:
    bundle_state.locate(tmp_path).write_text(text)

    with pytest.raises(ValueError, match=r"state.json: is not "):
        bundle_state.read_bundle_state(tmp_path)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("succeeded", '"yesterday"'),
        ("succeeded", "1e300"),
        ("succeeded", "Infinity"),
        ("tried", "NaN"),
        ("tried", "-1.0"),
        ("failures", "-1"),
        ("version", "9" * 400),
        ("refused", "0"),
    ],
)
def test_a_value_of_another_kind_is_an_error(tmp_path: Path, name: str, value: str) -> None:
    bundle_state.write_bundle_state(tmp_path, BundleState())
    file = bundle_state.locate(tmp_path)
    file.write_text(re.sub(f'"{name}": [^,]*', f'"{name}": {value}', file.read_text()))

    with pytest.raises(ValueError, match="is not as portero writes it"):
        bundle_state.read_bundle_state(tmp_path)
