"""What many tests share: a rule as it is written, and the built-in schemas."""

import gc
import json
import os
import resource
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import settings

from portero.tools.cli import host_settings
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


@pytest.fixture(scope="session", autouse=True)
def _open_as_many_files_as_root() -> None:
    """An ordinary user's shell begins with 1,024: greedy clients of a door take more, and a door gives out by it."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, min(hard, 20_000)), hard))


@pytest.fixture(autouse=True)
def _say_no_policy_source(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> None:
    """By which policy a command judges is said in tests of that alone."""
    if not request.module.__name__.endswith(("test_policy_source", "test_host_settings")):
        monkeypatch.setattr(host_settings, "show_source", lambda settings: None)


class _AtOnce:
    """Prints each failure, and each cause of a skip, when it comes: who reads the end alone may get it cut."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self._causes: set[str] = set()

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed:
            self._write(f"FAILED {report.nodeid} ({report.when})\n{report.longreprtext}")
        elif report.skipped and isinstance(report.longrepr, tuple) and report.longrepr[2] not in self._causes:
            self._causes.add(report.longrepr[2])
            self._write(f"SKIPPED {report.nodeid}, and others for the same cause: {_in_one_line(report.longrepr[2])}")

    def _write(self, text: str) -> None:
        reporter = self._config.pluginmanager.get_plugin("terminalreporter")
        if isinstance(reporter, pytest.TerminalReporter):
            reporter.ensure_newline()
            reporter.write_line(text)


def pytest_configure(config: pytest.Config) -> None:
    # Processes of xdist send their reports to the one that has the terminal.
    if not hasattr(config, "workerinput"):
        config.pluginmanager.register(_AtOnce(config))


# The longest. Those that boot machines and those that mostly wait take turns: else all boot at once, and requests wait.
_FIRST = (
    *("e2e/test_rule_examples", "e2e/test_existing_corpus", "e2e/test_corpus", "tools/standin/test_captured_commands"),
    *("fleet/test_bundle_unit", "e2e/test_managed_plugin", "chaos/", "e2e/test_signed_images", "fleet/test_devices"),
    *("sequences/", "e2e/test_popular_commands", "e2e/test_world", "fleet/test_doors", "e2e/test_doors", "fleet/"),
    *("serve/server/", "packaging/logs/", "packaging/test_install", "project/test_bench", "packaging/test_release"),
    *("recipes/", "tools/compose/test_hostile_projects", "tools/cli/test_serve_command", "world/"),
)


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Iterator[None]:
    """Collected tests stay to the end: to look for garbage among 20,000 of them takes half of the time."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The long tests come first, then those of a real dockerd: at the end no process of tests waits for another."""
    items.sort(key=_find_turn)


def _find_turn(item: pytest.Item) -> int:
    turns = (turn for turn, name in enumerate(_FIRST) if item.nodeid.startswith(f"tests/{name}"))
    return next(turns, len(_FIRST) + (item.get_closest_marker("e2e") is None))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """What was skipped: a line for each cause, not for each test."""
    skipped = terminalreporter.stats.get("skipped", [])
    for cause, number in Counter(report.longrepr[2] for report in skipped).most_common():
        terminalreporter.write_line(f"SKIPPED [{number}] {_in_one_line(cause.removeprefix('Skipped: '))}")


def _in_one_line(cause: str) -> str:
    """Of the log of a server that did not start the last line says why."""
    first, *rest = cause.splitlines()
    return f"{first} ... {rest[-1]}" if rest else first


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
