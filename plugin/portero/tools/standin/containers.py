"""Answers about containers, what runs in them, and their events. They start, and when a client waits end, at once.

Commands write nothing, and every path is a folder.
"""

import base64
import json
import time
from collections.abc import Iterator
from typing import Literal

from portero.decide.values.docker_names import COMPOSE_SERVICE
from portero.decide.values.json_fields import child, text
from portero.tools.standin.messages import RAW, Answer, Call, Object
from portero.tools.standin.objects import CREATED, TEMPLATES, Container, State

# Longer than a client takes from attaching to starting, and still a short wait for a user.
_MAX_WAIT_SECONDS = 10.0
_QUIET_SECONDS = 0.5
_POLL_SECONDS = 0.05
# Of the stream of events: as long as no request comes, and between two polls.
_END_SECONDS, _EVENT_SECONDS = 1.5, 0.1
_DEPENDS_ON = "com.docker.compose.depends_on"


def create(state: State, call: Call) -> Answer:
    id = state.new_id()
    container = Container(id, call.find_first("name") or f"standin_{id[:8]}", _join_by_id(state, call.body))
    state.containers[id] = container
    state.add_event("create", container)
    return Answer(201, {"Id": id, "Warnings": []})


def _join_by_id(state: State, body: Object) -> Object:
    """As dockerd keeps it (moby daemon/container.go): whose namespaces are joined by its ID."""
    config = dict(child(body, "HostConfig"))
    for mode in ("NetworkMode", "PidMode", "IpcMode"):
        kind, _, name = text(config, mode).partition(":")
        if kind == "container" and name:
            config[mode] = f"container:{state.find_container(name).id}"
    return {**body, "HostConfig": config} if config else body


def start(state: State, call: Call) -> Answer:
    """ContainerStart; a container that a client waits for ends right away."""
    container = state.find_container(call.path["id"])
    state.start(container)
    # `compose up` takes the first end of what it watches for the end of all: the stand-in's events end it.
    is_watched = container.labels.get("com.docker.compose.oneoff") == "False"
    if (container.attached and not is_watched) or _is_job(state, container):
        state.end(container)
    return Answer(204)


def _is_job(state: State, container: Container) -> bool:
    """Whether another container of its compose project starts only after this one has completed."""
    service = container.labels.get(COMPOSE_SERVICE)
    condition = f"{service}:service_completed_successfully"
    return any(condition in str(other.labels.get(_DEPENDS_ON)) for other in state.containers.values())


def attach(state: State, call: Call) -> Answer:
    """ContainerAttach: silence until the container ends."""
    container = state.find_container(call.path["id"])
    container.attached = True
    return Answer(101, headers=RAW, stream=_wait_for_end(container), hijacked=True)


def _wait_for_end(container: Container) -> Iterator[bytes]:
    container.ended.wait(_MAX_WAIT_SECONDS)
    yield b""


def wait(state: State, call: Call) -> Answer:
    """ContainerWait: the status goes out at once, the end after the start."""
    container = state.find_container(call.path["id"])
    return Answer(stream=_follow_end(state, container), headers={"Content-Type": "application/json"})


def _follow_end(state: State, container: Container) -> Iterator[bytes]:
    container.started.wait(_MAX_WAIT_SECONDS)
    while not container.ended.wait(_POLL_SECONDS) and not state.is_quiet(_QUIET_SECONDS):
        pass  # `docker attach` waits first and asks afterwards whether it runs
    with state.lock:
        state.end(container)
    yield b'{"StatusCode":0}\n'


_ENDING_SIGNALS = ("", "SIGKILL", "KILL", "9", "TERM", "SIGTERM")


def change(state: State, call: Call) -> Answer:
    container = state.find_container(call.path["id"])
    after: dict[str, Literal["running", "paused", "exited"]] = {
        "ContainerRestart": "running",
        "ContainerUnpause": "running",
        "ContainerPause": "paused",
    }
    if call.operation in after:
        container.status = after[call.operation]
        return Answer(204)
    if call.operation == "ContainerStop" or call.find_first("signal") in _ENDING_SIGNALS:
        state.end(container)
    return Answer(204)


def delete(state: State, call: Call) -> Answer:
    state.remove(state.find_container(call.path["id"]))
    return Answer(204)


def rename(state: State, call: Call) -> Answer:
    state.find_container(call.path["id"]).name = call.find_first("name")
    return Answer(204)


_DIRECTORY = 0x80000000 | 0o755  # Go's os.ModeDir


def execute(state: State, call: Call) -> Answer:
    return Answer(201, {"Id": state.new_id()})


def start_exec(state: State, call: Call) -> Answer:
    """ExecStart: a silent stream, or nothing when detached."""
    if call.body.get("Detach"):
        return Answer(200)
    return Answer(101, headers=RAW, stream=(), hijacked=True)


def inspect_exec(state: State, call: Call) -> Answer:
    """ExecInspect: it has ended well."""
    return Answer(body={"ID": call.path["id"], "Running": False, "ExitCode": 0, "ProcessConfig": {}, "Pid": 1})


def archive_info(state: State, call: Call) -> Answer:
    """ContainerArchiveInfo: a folder lies at every path."""
    name = call.find_first("path").rstrip("/").rpartition("/")[2] or "/"
    stat = {"name": name, "size": 0, "mode": _DIRECTORY, "mtime": CREATED, "linkTarget": ""}
    return Answer(headers={"X-Docker-Container-Path-Stat": base64.b64encode(json.dumps(stat).encode()).decode()})


def stats(state: State, call: Call) -> Answer:
    container = state.find_container(call.path["id"])
    return Answer(body=TEMPLATES["stats"] | {"id": container.id, "name": f"/{container.name}"})


def events(state: State, call: Call) -> Answer:
    """SystemEvents: past and new events, until no request has come for a while.

    Containers that a client watches then end, as `compose up` expects.
    """
    past = (_write_line(event) for event in list(state.events) if _is_wanted(event, call))
    stream = past if call.find_first("until") else _follow_events(state, call, len(state.events))
    return Answer(stream=stream, headers={"Content-Type": "application/json"})


def _follow_events(state: State, call: Call, sent: int) -> Iterator[bytes]:
    while sent < len(state.events) or not _is_over(state):
        for event in state.events[sent:]:
            sent += 1
            if _is_wanted(event, call):
                yield _write_line(event)
        time.sleep(_EVENT_SECONDS)


def _is_over(state: State) -> bool:
    """Whether all is quiet and no client watches a running container."""
    with state.lock:
        if not state.is_quiet(_END_SECONDS):
            return False
        watched = [container for container in state.containers.values() if container.attached and container.is_up]
        for container in watched:
            state.end(container)
        state.last_call = time.monotonic() if watched else state.last_call
        return not watched


def _write_line(event: Object) -> bytes:
    return json.dumps(event).encode() + b"\n"


def _is_wanted(event: Object, call: Call) -> bool:
    actor = child(event, "Actor")
    listed = call.read_filters().get("container", [actor["ID"]])
    return actor["ID"] in listed and call.wants(child(actor, "Attributes"))
