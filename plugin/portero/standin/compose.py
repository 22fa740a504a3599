"""Asks compose itself what a project needs that it does not make: external networks and volumes."""

import json
import os
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path

from portero.facts.fields import as_object, child, text
from portero.refusals import Refused
from portero.standin.client import environment
from portero.standin.command_line import Words
from portero.standin.messages import Object
from portero.standin.state import State

_TIMEOUT_SECONDS = 30.0
# Reading a project needs no daemon.
_NOBODY = Path("/nonexistent/docker.sock")


def prepare(state: State, words: Words) -> None:
    """Puts the external networks and volumes of the project into the stand-in; nothing when compose cannot read it."""
    project = _project([*words.all[: words.subcommand], "config", "--format", "json"])
    for name in _external(project, "networks"):
        state.add_network({"Name": name, "Driver": "bridge", "Attachable": True})
    for name in _external(project, "volumes"):
        state.volumes[name] = {"Name": name}


def _project(command: Sequence[str]) -> Object:
    environ = environment(os.environ, _NOBODY)
    try:
        told = subprocess.run(  # noqa: S603 - compose, as the user named it
            command, env=environ, stdin=subprocess.DEVNULL, capture_output=True, timeout=_TIMEOUT_SECONDS, check=True
        )
        return as_object(json.loads(told.stdout), "")
    except (OSError, subprocess.SubprocessError, ValueError, Refused):
        return {}


def _external(project: Object, kind: str) -> Iterator[str]:
    for key, entry in child(project, kind).items():
        described = as_object(entry, key)
        if described.get("external"):
            yield text(described, "name") or key


def client() -> list[str] | None:
    """The compose that is installed: the command of its own, else docker's plugin; None without one."""
    for command in (["docker-compose"], ["docker", "compose"]):
        try:
            asked = subprocess.run(  # noqa: S603 - fixed words
                [*command, "version"], env=os.environ, capture_output=True, timeout=_TIMEOUT_SECONDS, check=False
            )
        except (OSError, subprocess.SubprocessError):
            continue
        if asked.returncode == 0:
            return command
    return None
