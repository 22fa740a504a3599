"""Sends a case to a dockerd, gathers what came of it, and removes it again."""

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from portero.decide.values.json_fields import JSON

from .cases import NAME, Case
from .stage import BASE, Sent, Stage

_PATIENCE = 1.2  # s for a task of a service; many have none
# What a container has before it is updated or connected.
BEFORE: JSON = {"Image": "busybox", "HostConfig": {"NetworkMode": "bridge", "Memory": 2**28, "MemorySwap": 2**29}}


@dataclass(frozen=True, slots=True)
class Played:
    """A case that was sent. `stored`: what dockerd keeps, None where it did nothing; `spec`: what reached runc.

    `mounted`: for each mount point that the host had then, the folder of the mounted file system and its type.
    """

    sent: Sent
    stored: dict[str, Any] | None = None
    before: dict[str, Any] | None = None
    spec: dict[str, Any] | None = None
    mounted: Mapping[str, tuple[str, str]] = field(default_factory=dict)


def play(stage: Stage, case: Case) -> Played:
    """Send a case."""
    return _PLAYERS[case.operation](stage, case)


def _send(stage: Stage, case: Case, id: str = "", version: str = "") -> Sent:
    target = case.target.replace("{}", id).replace("{version}", version)
    return stage.send("POST", target, case.document.encode())


def _create(stage: Stage, case: Case) -> Played:
    sent = _send(stage, case)
    if sent.answer.status != 201:
        return Played(sent)
    id = sent.answer.json()["Id"]
    try:
        stored = stage.container(id)
        if not case.starts:
            return Played(sent, stored)
        stage.client.ask("POST", f"/containers/{id}/start")
        return Played(sent, stored, None, stage.kept(id), stage.mounted(id))
    finally:
        stage.client.ask("DELETE", f"/containers/{id}?force=1&v=1")


def _on_container(stage: Stage, case: Case) -> Played:
    made = stage.client.ask("POST", f"/containers/create?name={NAME}", BEFORE)
    id = made.json()["Id"]
    try:
        before = stage.container(id)
        sent = _send(stage, case, id)
        if sent.answer.status not in (200, 201):
            return Played(sent)
        stored, spec = stage.container(id), None
        if case.starts:
            stage.client.ask("POST", f"/containers/{id}/start")
            spec = stage.kept(id)
        return Played(sent, stored, before, spec)
    finally:
        stage.client.ask("DELETE", f"/containers/{id}?force=1&v=1")


def _exec(stage: Stage, case: Case) -> Played:
    sent = _send(stage, case, BASE)
    if sent.answer.status != 201:
        return Played(sent)
    id = sent.answer.json()["Id"]
    stored, spec = stage.inspect(f"/exec/{id}/json"), None
    if case.starts:
        stage.client.ask("POST", f"/exec/{id}/start", {"Detach": True})
        spec = stage.kept("exec")
    return Played(sent, stored, None, spec)


def _volume(stage: Stage, case: Case) -> Played:
    sent = _send(stage, case)
    if sent.answer.status != 201:
        return Played(sent)
    made = sent.answer.json()
    try:
        return Played(sent, stage.inspect(f"/volumes/{made['Name']}"))
    finally:
        stage.client.ask("DELETE", f"/volumes/{made['Name']}?force=1")


def _network(stage: Stage, case: Case) -> Played:
    sent = _send(stage, case)
    if sent.answer.status != 201:
        return Played(sent)
    id = sent.answer.json()["Id"]
    try:
        return Played(sent, _wait_for_driver(stage, id))
    finally:
        stage.client.ask("DELETE", f"/networks/{id}")


def _wait_for_driver(stage: Stage, network: str) -> dict[str, Any]:
    """A network as it is kept. One of swarm's shows no driver until swarm has given it one, and never if it cannot."""
    end = time.monotonic() + _PATIENCE
    found: dict[str, Any] = stage.inspect(f"/networks/{network}")
    while found["Scope"] == "swarm" and not found["Driver"] and time.monotonic() < end:
        time.sleep(0.05)
        found = stage.inspect(f"/networks/{network}")
    return found


def _service(stage: Stage, case: Case) -> Played:
    sent = _send(stage, case)
    if sent.answer.status not in (200, 201):
        return Played(sent)
    id = sent.answer.json()["ID"]
    try:
        stored = stage.inspect(f"/services/{id}")["Spec"]
        task = _wait_for_task(stage, id) if case.starts else None
        return Played(sent, stored, None, *((stage.kept(task), stage.mounted(task)) if task else ()))
    finally:
        stage.client.ask("DELETE", f"/services/{id}")


def _wait_for_task(stage: Stage, service: str) -> str | None:
    """The container of a service, when it has reached runc; None: there is none in time."""
    filters = quote(json.dumps({"label": [f"com.docker.swarm.service.id={service}"]}))
    end = time.monotonic() + _PATIENCE
    while time.monotonic() < end:
        time.sleep(0.05)
        for container in stage.inspect(f"/containers/json?all=1&filters={filters}") or []:
            if stage.has_kept(container["Id"]):
                return str(container["Id"])
    return None


def _service_update(stage: Stage, case: Case) -> Played:
    spec = {
        "Name": NAME,
        "TaskTemplate": {"ContainerSpec": {"Image": "busybox"}},
        "Mode": {"Replicated": {"Replicas": 0}},
    }
    made = stage.client.ask("POST", "/services/create", spec)
    id = made.json()["ID"]
    try:
        version = stage.inspect(f"/services/{id}")["Version"]["Index"]
        sent = _send(stage, case, id, str(version))
        if sent.answer.status != 200:
            return Played(sent)
        return Played(sent, stage.inspect(f"/services/{id}")["Spec"])
    finally:
        stage.client.ask("DELETE", f"/services/{id}")


_PLAYERS: Mapping[str, Callable[[Stage, Case], Played]] = {
    "ContainerCreate": _create,
    "ContainerUpdate": _on_container,
    "NetworkConnect": _on_container,
    "ContainerExec": _exec,
    "VolumeCreate": _volume,
    "NetworkCreate": _network,
    "ServiceCreate": _service,
    "ServiceUpdate": _service_update,
}
