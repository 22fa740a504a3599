"""What compose itself says of a project: external networks and volumes are there before it comes up."""

import json

import pytest

from portero.compose import external_objects
from portero.standin.objects import State

PROJECT = {
    "networks": {"default": {"name": "p_default"}, "shared": {"name": "shared-net", "external": True}},
    "volumes": {"data": {"name": "elsewhere", "external": True}, "own": {"name": "p_own"}},
}


def test_external_networks_and_volumes_of_a_project_are_there() -> None:
    state = State()

    external_objects.prepare(state, json.dumps(PROJECT))

    assert "shared-net" in {body["Name"] for body in state.networks.values()}
    assert "p_default" not in {body["Name"] for body in state.networks.values()}
    assert set(state.volumes) == {"elsewhere"}


@pytest.mark.parametrize("config", ["", "nothing of JSON", "[]", "[" * 100_000])
def test_a_project_that_compose_cannot_read_leaves_the_stand_in_as_it_is(config: str) -> None:
    state = State()

    external_objects.prepare(state, config)

    assert state.volumes == {}
