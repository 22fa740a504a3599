"""What create, update and exec of a container tell; each field by itself: test_where_facts_come_from."""

import time
from typing import Any

import pytest

from portero.decide.facts import container
from portero.decide.facts.collect import collect_facts
from portero.decide.values.json_fields import JSON
from portero.observe.host.fixed_host import FixedHost
from tests.cases import cases

HOST = FixedHost()


def test_an_exec_tells_privileged_user_directory_and_secrets() -> None:
    body: Any = {"Privileged": True, "User": "root", "WorkingDir": "/srv", "Env": ["A=1", "DB_PASSWORD=x"]}

    assert collect_facts("ContainerExec", body, {}, {}, HOST) == {
        "privileged": {"value": True, "at": "Privileged"},
        "user": {"value": "root", "at": "User"},
        "account": {"value": "", "at": "User"},
        "workingDirectory": {"value": "/srv", "ofProcess": False, "at": "WorkingDir"},
        "groups": [],
        "labelsSize": {"value": 24, "at": "Env"},
        "secrets": [{"name": "DB_PASSWORD", "at": "Env[1]"}],
    }


def test_secrets_of_a_container_stand_in_its_environment_and_its_labels() -> None:
    found = collect_facts("ContainerCreate", {"Env": ["TOKEN=x"], "Labels": {"api.key": "y"}}, {}, {}, HOST)

    assert found["secrets"] == [{"name": "TOKEN", "at": "Env[0]"}, {"name": "api.key", "at": "Labels[*]"}]


def of(*changes: str, **body: JSON) -> Any:
    return container.read_config(body, {"changes": changes})


def names(found: Any) -> list[str]:
    return [fact["name"] for fact in found["secrets"]]


def test_nothing_set_leaves_the_container_s_own_settings() -> None:
    assert of() == {
        "secrets": [],
        "user": {"value": "", "at": "User"},
        "healthcheck": {"value": "image", "at": "Healthcheck"},
    }


def test_the_body_is_a_config() -> None:
    found = of(User="app", Healthcheck={"Test": ["NONE"]}, Env=["TOKEN=x"], Labels={"SECRET": "y"})

    assert found == {
        "secrets": [{"name": "TOKEN", "at": "Env[0]"}, {"name": "SECRET", "at": "Labels[*]"}],
        "user": {"value": "app", "at": "User"},
        "healthcheck": {"value": "none", "at": "Healthcheck"},
    }


def test_changes_win_and_the_last_of_them_counts() -> None:
    found = of("USER app", "user  root ", User="1000")

    assert found["user"] == {"value": "root", "at": "?changes"}


@pytest.mark.parametrize(("change", "value"), [("HEALTHCHECK NONE", "none"), ("healthcheck CMD true", "set")])
def test_a_health_check_can_be_changed(change: str, value: str) -> None:
    assert of(change)["healthcheck"] == {"value": value, "at": "?changes"}


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ("ENV TOKEN=x", ["TOKEN"]),
        ("ENV TOKEN x y", ["TOKEN"]),
        ("env A=b TOKEN=x SECRET=", ["TOKEN"]),
        ('LABEL "api.key"="x y" b=c', ["api.key"]),
        *((change, []) for change in ('ENV A="TOKEN=x" B=c', "ENV A=b\\ TOKEN=x", "ENV A='b TOKEN=x")),
        *((change, []) for change in ("ENV TOKEN", "ENV", "CMD TOKEN=x")),
    ],
)
def test_environment_and_labels_are_read_word_by_word(change: str, expected: list[str]) -> None:
    found = of(change)

    assert names(found) == expected
    assert all(fact["at"] == "?changes" for fact in found["secrets"])


@pytest.mark.parametrize(("changes", "user"), cases(__file__, "line-ends.jsonl"))
def test_lines_end_where_docker_s_parser_ends_them(changes: list[str], user: str) -> None:
    assert of(*changes)["user"]["value"] == user


@pytest.mark.parametrize(
    "change",
    ["ENV a=b " + "x" * 500_000, "ENV a=b " + "'" * 500_001, "ENV a=" + "\\ " * 300_000, "ENV a=" + '"\\' * 300_000],
    ids=["word", "quotes", "escapes", "quoted-escapes"],
)
def test_a_long_change_is_read_in_no_time(change: str) -> None:
    start = time.process_time()

    of(change)

    assert time.process_time() - start < 2
