"""Puts what a compose project needs and does not make into the stand-in: external networks and volumes."""

import json
from collections.abc import Iterator

from portero.refusals import Refused
from portero.standin.messages import Object
from portero.standin.objects import State
from portero.values.json_fields import as_object, child, text


def prepare(state: State, config: str) -> None:
    """`config`: what `docker compose config --format json` printed; nothing happens when it is no project."""
    project = _project(config)
    for name in _external(project, "networks"):
        state.add_network({"Name": name, "Driver": "bridge", "Attachable": True})
    for name in _external(project, "volumes"):
        state.volumes[name] = {"Name": name}


def _project(config: str) -> Object:
    try:
        return as_object(json.loads(config), "")
    except (ValueError, RecursionError, Refused):
        return {}


def _external(project: Object, kind: str) -> Iterator[str]:
    for key, entry in child(project, kind).items():
        described = as_object(entry, key)
        if described.get("external"):
            yield text(described, "name") or key
