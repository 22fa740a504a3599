"""Answers about commands, statistics and files of containers: commands write nothing, every path is a folder."""

import base64
import json

from portero.standin.messages import RAW, Answer, Call, Object
from portero.standin.objects import CREATED, State

_DIRECTORY = 0x80000000 | 0o755  # Go's os.ModeDir


def execute(state: State, call: Call) -> Answer:
    """ContainerExec."""
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
    name = call.first("path").rstrip("/").rpartition("/")[2] or "/"
    stat = {"name": name, "size": 0, "mode": _DIRECTORY, "mtime": CREATED, "linkTarget": ""}
    return Answer(headers={"X-Docker-Container-Path-Stat": base64.b64encode(json.dumps(stat).encode()).decode()})


def stats(state: State, call: Call) -> Answer:
    """ContainerStats, once and not as a stream."""
    container = state.container(call.path["id"])
    usage: Object = {"cpu_usage": {"total_usage": 0}, "system_cpu_usage": 0, "online_cpus": 1}
    return Answer(
        body={
            "read": CREATED,
            "id": container.id,
            "name": f"/{container.name}",
            "cpu_stats": usage,
            "precpu_stats": usage,
            "memory_stats": {},
            "pids_stats": {},
            "blkio_stats": {},
            "networks": {},
        }
    )
