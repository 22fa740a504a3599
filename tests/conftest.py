"""What many tests share: a rule as it is written, and the built-in schemas."""

import json
import os
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import settings

from tests.paths import SCHEMAS

# How long an example takes says how busy the machine is.
settings.register_profile("portero", deadline=None)
settings.load_profile("portero")


@pytest.fixture(scope="session", autouse=True)
def _no_settings_of_this_machine() -> Iterator[None]:
    """Portero starts on no variable that it does not know; those for tests are read when tests are collected."""
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith("PORTERO_")]:
            patch.delenv(name)
        yield


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The long tests of a real dockerd come first: at the end no process of tests waits for another."""
    items.sort(key=lambda item: item.get_closest_marker("e2e") is None)
    items.sort(key=lambda item: not item.nodeid.startswith(("tests/fleet/", "tests/chaos/")))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """What was skipped: a line for each cause, not for each test."""
    skipped = terminalreporter.stats.get("skipped", [])
    for cause, number in Counter(report.longrepr[2] for report in skipped).most_common():
        terminalreporter.write_line(f"SKIPPED [{number}] {cause.removeprefix('Skipped: ')}")


@pytest.fixture
def written() -> dict[str, Any]:
    return {
        "$schema": "../../rule.json",
        "dialect": 2,
        "title": "Containers are not privileged",
        "reason": "A privileged container can take over the host.",
        "remedy": {"docker": "drop --privileged", "compose": "remove privileged: true"},
        "level": "baseline",
        "threats": ["host-compromise"],
        "sources": ["G3", "CIS 5.5"],
        "operations": ["ContainerCreate", "ContainerExec"],
        "properties": {"facts": {"properties": {"privileged": {"properties": {"value": {"const": False}}}}}},
        "allows": {"docker run busybox": {}},
        "denies": {
            "docker run --privileged busybox": {"body": {"HostConfig": {"Privileged": True}}},
            "docker exec --privileged web id": {"operation": "ContainerExec", "body": {"Privileged": True}},
        },
    }


@pytest.fixture(scope="session")
def dialect() -> dict[str, Any]:
    return _document("rule.json")


@pytest.fixture(scope="session")
def site_schema() -> dict[str, Any]:
    return _document("site.schema.json")


@pytest.fixture(scope="session")
def values() -> dict[str, Any]:
    return _document("site.json")


def _document(name: str) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((SCHEMAS / name).read_text())
    return content
