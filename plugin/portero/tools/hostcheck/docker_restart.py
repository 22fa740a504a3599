"""Restarts dockerd and its containerd, and stops no container unless the caller wants it.

`systemctl reload` returns before dockerd has read its configuration again: a restart right after it would stop every
container although daemon.json says live-restore. In a swarm dockerd takes no live-restore.
"""

import time
from collections.abc import Callable, Sequence

from portero.decide.values.errors import Fault
from portero.decide.values.json_fields import child, flag, text, to_list, to_objects
from portero.observe.dockerd.api import EngineApi

# dockerd takes over its configuration within a second, also on a busy machine.
SECONDS = 30.0
_EVERY = 0.2
_RELOAD = ("systemctl", "reload", "docker")
_RESTARTS = (
    ("systemctl", "reset-failed", "docker.service", "containerd.service"),
    ("systemctl", "restart", "containerd.service", "docker.service"),
)


class ContainersWouldStop(Fault):
    """`names`: of the containers that run; `why`: why they would not survive."""

    def __init__(self, names: Sequence[str], why: str) -> None:
        super().__init__(f"{why}: {', '.join(names)} would stop")
        self.names, self.why = names, why


def restart_docker(
    api: EngineApi, run: Callable[..., object], *, is_configured: bool, stops_containers: bool = False
) -> None:
    """Reload dockerd, wait until it shows live-restore, restart containerd and dockerd.

    `is_configured`: whether its configuration says live-restore: without it a dockerd that starts ends what runs, and
    one that still has it may be about to drop it. `run`: runs a command, given as words, and raises where it fails.
    `stops_containers`: containers may stop. Raises ContainersWouldStop, and OSError or ValueError where dockerd does
    not answer as it should: nothing was restarted.
    """
    run(*_RELOAD)
    if not stops_containers and (why := _wait_for_live_restore(api, is_configured=is_configured)):
        running = to_objects(api.get_list("/containers/json"))
        if names := [str(to_list(each.get("Names"))[0]).lstrip("/") for each in running]:
            raise ContainersWouldStop(names, why)
    for words in _RESTARTS:
        run(*words)


def _wait_for_live_restore(api: EngineApi, *, is_configured: bool) -> str:
    """Why containers would not survive a restart; empty: they do."""
    end = time.monotonic() + SECONDS
    while not flag(info := api.get("/info"), "LiveRestoreEnabled") or not is_configured:
        if text(child(info, "Swarm"), "LocalNodeState") == "active":
            return "this host is in a swarm, where there is no live-restore"
        if not is_configured:
            return "daemon.json does not say live-restore, or cannot be read"
        if time.monotonic() >= end:
            return f"dockerd has no live-restore {SECONDS:.0f} s after its reload"
        time.sleep(_EVERY)
    return ""
