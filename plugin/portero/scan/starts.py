"""What starts or goes on without a request, so that Portero is not asked: at a restart of dockerd, or by swarm."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from portero.scan.inventory import Inventory
from portero.scan.judged_objects import JudgedObject, Kind
from portero.values.json_fields import child, flag, integer, text
from portero.values.json_types import JSON

# moby restartmanager/restartmanager.go, ShouldRestart.
_WHEN = {
    "always": "whenever it ends, and with dockerd",
    "unless-stopped": "whenever it ends, and with dockerd, until docker stop",
    "on-failure": "when it fails",
}


@dataclass(frozen=True, slots=True)
class Start:
    """A container or service, and when it starts; `allowed`: whether the rules would let it be made now."""

    kind: Kind
    name: str
    when: str
    allowed: bool


def list_starts(judged: Sequence[JudgedObject]) -> Iterator[Start]:
    """Containers with a restart policy, and services with tasks; those that would be refused come first."""
    starts = [(each, when) for each in judged if (when := _find_when(each))]
    for each, when in sorted(starts, key=lambda pair: pair[0].decision.allowed):
        yield Start(each.kind, each.name, when, each.decision.allowed)


def keeps_running(inventory: Inventory) -> bool:
    """Whether running containers run on while dockerd is stopped (live-restore)."""
    return flag(inventory.info, "LiveRestoreEnabled")


def _find_when(judged: JudgedObject) -> str:
    if judged.kind == "container":
        return _WHEN.get(text(child(child(judged.thing, "HostConfig"), "RestartPolicy"), "Name"), "")
    if judged.kind == "service" and _has_tasks(child(child(judged.thing, "Spec"), "Mode")):
        return "swarm starts its tasks, on any node"
    return ""


def _has_tasks(mode: Mapping[str, JSON]) -> bool:
    replicated = child(mode, "Replicated")
    return not replicated or integer(replicated, "Replicas") != 0
