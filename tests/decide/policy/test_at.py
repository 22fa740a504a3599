"""The `at` of a violation is its place in the request, and repeats no words of the request but known names."""

from typing import Any

import pytest

from portero.decide.policy.at import find_failure, follow, is_default
from tests.cases import cases

REQUEST: dict[str, Any] = {
    "operation": "ContainerCreate",
    "query": {"networkmode": ["host"]},
    "identity": {"user": "x"},
    "body": {"HostConfig": {"Mounts": [{}]}, "Labels": {"at": "the client's own word"}},
    "facts": {
        "privileged": {"value": True, "at": "HostConfig.Privileged"},
        "mounts": [{"driverOptions": {"type": "nfs"}, "at": "HostConfig.Binds[0]"}],
        "build": {"remote": {"value": True, "at": "?remote"}, "at": "the build"},
        "capabilities": {"drop": []},
        "odd": {"at": 3},
    },
}


@pytest.mark.parametrize(("path", "expected"), cases(__file__, "failing-paths.jsonl"))
def test_a_failing_path_becomes_at(path: list[str | int], expected: str) -> None:
    assert find_failure(REQUEST, tuple(path))[0] == expected


def test_what_is_missing_in_a_list_of_a_service_has_the_list_of_the_service_as_at() -> None:
    request: dict[str, Any] = {"operation": "ServiceUpdate", "facts": {"ulimits": [{"at": "x"}]}}
    assert find_failure(request, ("facts", "ulimits"))[0] == "TaskTemplate.ContainerSpec.Ulimits"
    assert find_failure(request, ("facts", "ulimits", 0))[0] == "x"


DEFAULTED: dict[str, Any] = {
    "facts": {
        "log": {"driver": "none", "options": [], "at": "HostConfig.LogConfig"},
        "ulimits": [
            {"name": "core", "at": "HostConfig.Ulimits[0]"},
            {"name": "nofile", "at": "HostConfig.Ulimits"},
        ],
        "limits": {"shmSize": {"value": 1, "at": "HostConfig.ShmSize"}, "memory": {"value": 1, "at": "x"}},
        "daemonDefaults": ["log.driver", "ulimits[1]", "limits.shmSize"],
    },
    "body": {"log": {"driver": "none"}},
}


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        *((("facts", *path), True) for path in [("log", "driver"), ("log",), ("ulimits", 1), ("ulimits", 1, "hard")]),
        *((("facts", *path), False) for path in [("log", "options"), ("ulimits", 0, "hard"), ("ulimits",)]),
        (("facts", "limits", "shmSize", "value"), True),
        *((("facts", *path), False) for path in [("limits", "memory", "value"), ("limits",), ()]),
        *((path, False) for path in [("body", "log", "driver"), ()]),
    ],
)
def test_what_fails_is_a_default_when_it_or_the_fact_around_it_was_put_in(
    path: tuple[str | int, ...], expected: bool
) -> None:
    assert is_default(DEFAULTED["facts"]["daemonDefaults"], find_failure(DEFAULTED, path)) is expected


@pytest.mark.parametrize("facts", [None, {}, {"daemonDefaults": None}, {"daemonDefaults": [3]}], ids=str)
def test_without_a_list_of_defaults_nothing_is_one(facts: Any) -> None:
    assert not is_default(
        follow({"facts": facts}, ("facts", "daemonDefaults")), find_failure({"facts": facts}, ("facts", "log"))
    )
