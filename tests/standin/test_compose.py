"""What compose itself says of a project: external networks and volumes are there before it comes up."""

import json
from pathlib import Path

import pytest

from portero.standin import command_line, compose
from portero.standin.state import State

PROJECT = {
    "networks": {"default": {"name": "p_default"}, "shared": {"name": "shared-net", "external": True}},
    "volumes": {"data": {"name": "elsewhere", "external": True}, "own": {"name": "p_own"}},
}


@pytest.fixture
def tools(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that is the whole PATH."""
    monkeypatch.setenv("PATH", str(tmp_path))
    return tmp_path


def write_tool(folder: Path, name: str, script: str) -> None:
    (folder / name).write_text(f"#!/bin/sh\n{script}\n")
    (folder / name).chmod(0o755)


def test_external_networks_and_volumes_of_a_project_are_there(tools: Path) -> None:
    write_tool(tools, "docker-compose", f"echo '{json.dumps(PROJECT)}'")
    state = State()

    compose.prepare(state, command_line.read(("docker-compose", "up")))

    assert "shared-net" in {body["Name"] for body in state.networks.values()}
    assert "p_default" not in {body["Name"] for body in state.networks.values()}
    assert set(state.volumes) == {"elsewhere"}


@pytest.mark.parametrize("script", ["exit 1", "echo nothing of JSON"])
def test_a_project_that_compose_cannot_read_leaves_the_stand_in_as_it_is(tools: Path, script: str) -> None:
    write_tool(tools, "docker-compose", script)
    state = State()

    compose.prepare(state, command_line.read(("docker-compose", "up")))

    assert state.volumes == {}


def test_the_compose_that_is_installed_is_found(tools: Path) -> None:
    assert compose.client() is None

    write_tool(tools, "docker", '[ "$1" = compose ]')
    assert compose.client() == ["docker", "compose"]

    write_tool(tools, "docker-compose", "exit 0")
    assert compose.client() == ["docker-compose"]
