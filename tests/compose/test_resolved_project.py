"""Builds of a compose project become requests; its external networks and volumes exist before it comes up."""

import json
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from portero.compose.resolved_project import add_external_objects, list_builds, make_session
from portero.standin.objects import State

PROJECT = {
    "networks": {"default": {"name": "p_default"}, "shared": {"name": "shared-net", "external": True}},
    "volumes": {"data": {"name": "elsewhere", "external": True}, "own": {"name": "p_own"}},
}


def query(section: dict[str, Any]) -> dict[str, list[str]]:
    ((name, posted, judged),) = list_builds(json.dumps({"services": {"web": {"build": section}, "db": {}}}))
    asked = json.loads(posted)
    found = parse_qs(urlsplit(asked["RequestUri"]).query)
    assert (name, asked["RequestMethod"], found.pop("version")) == ("web", "POST", ["2"])
    assert judged == found.keys()
    return found


@pytest.mark.parametrize(
    ("section", "asked"),
    [
        ({"context": "/src", "dockerfile": "Dockerfile"}, {}),
        ({"context": "https://example.com/a.git"}, {"remote": ["https://example.com/a.git"]}),
        ({"context": "git@example.com:a.git"}, {"remote": ["git@example.com:a.git"]}),
        ({"network": "host"}, {"networkmode": ["host"]}),
        ({"entitlements": ["network.host"]}, {"networkmode": ["host"]}),
        ({"privileged": True}, {"securityopt": ["security.insecure"]}),
        ({"entitlements": ["security.insecure"]}, {"securityopt": ["security.insecure"]}),
        ({"shm_size": "134217728"}, {"shmsize": ["134217728"]}),
        ({"extra_hosts": ["db=10.0.0.1"]}, {"extrahosts": ["db:10.0.0.1"]}),
        ({"args": {"TOKEN": "x"}}, {"buildargs": ['{"TOKEN": "x"}']}),
        ({"ulimits": {"nproc": 5, "nofile": {"soft": 1, "hard": 2}}}, {"ulimits": [
            '[{"Name": "nproc", "Soft": 5, "Hard": 5}, {"Name": "nofile", "Soft": 1, "Hard": 2}]'
        ]}),
    ],
)  # fmt: skip
def test_a_section_is_a_build_with_what_it_says(section: dict[str, Any], asked: dict[str, list[str]]) -> None:
    assert query(section) == asked


@pytest.mark.parametrize("config", ["", "[]", "{}", '{"services": {"web": {"image": "x"}}}', "[" * 100_000])
def test_without_a_build_there_is_no_request(config: str) -> None:
    assert [*list_builds(config)] == []


def test_buildkit_opens_a_session() -> None:
    assert json.loads(make_session())["RequestUri"].endswith("/session")


def test_external_networks_and_volumes_of_a_project_are_there() -> None:
    state = State()

    add_external_objects(state, json.dumps(PROJECT))

    assert "shared-net" in {body["Name"] for body in state.networks.values()}
    assert "p_default" not in {body["Name"] for body in state.networks.values()}
    assert set(state.volumes) == {"elsewhere"}


@pytest.mark.parametrize("config", ["", "nothing of JSON", "[]", "[" * 100_000])
def test_a_project_that_compose_cannot_read_leaves_the_stand_in_as_it_is(config: str) -> None:
    state = State()

    add_external_objects(state, config)

    assert state.volumes == {}
