"""The running daemons among those that ask, with the rights on the host that their builds may ask for."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import cast

from portero.dockerd.daemon import AskingDaemon
from portero.dockerd.peer import Peer
from portero.dockerd.proc import identify_dockerd
from portero.host.view import Host
from portero.policy.policy import Policy
from portero.refusals import Refused
from portero.values.json_types import JSON

_BUILDKIT = "unseen-buildkit"
_SETTING = '"builder": {"entitlements": {"network-host": false, "security-insecure": false, "device": false}}'


def list_running(daemons: Iterable[AskingDaemon], host: Host, proc: Path = Path("/proc")) -> list[JSON]:
    """Those that run, the one that started last at the end. `proc`: where processes are shown."""
    return [
        {
            "pid": daemon.pid,
            "uid": daemon.uid,
            "dataRoot": daemon.data_roots[0],
            "daemonJson": daemon.config_file,
            "rootless": daemon.rootless,
            "unreadable": [*daemon.unseen],
            "buildEntitlements": _read_entitlements(daemon, host),
        }
        for daemon in sorted(daemons, key=lambda daemon: daemon.identity.started)
        if _runs(daemon, proc)
    ]


def _runs(daemon: AskingDaemon, proc: Path) -> bool:
    try:
        return identify_dockerd(daemon.pid, proc) == daemon.identity
    except OSError:
        return True  # what cannot be read may run


def _read_entitlements(daemon: AskingDaemon, host: Host) -> str:
    """What it refuses builds (schemas/request.json, buildkit)."""
    try:
        return host.moment(Peer(daemon.pid, daemon.uid)).daemon().entitlements
    except Refused:
        return "unknown"


def list_notices(policy: Policy, profile: str, daemons: Sequence[JSON]) -> Iterator[str]:
    """A sentence for each daemon whose builds may ask for rights on the host, and are not refused."""
    if _BUILDKIT not in policy.rules or policy.action(_BUILDKIT, profile) == "deny":
        return
    for daemon in cast("Sequence[Mapping[str, JSON]]", daemons):
        if daemon["buildEntitlements"] == "off-after-restart":
            yield f"builds with BuildKit may ask for the host's network until dockerd {daemon['pid']} is restarted"
        elif daemon["buildEntitlements"] != "off":
            yield (
                f"builds with BuildKit may ask for the host's network: write {_SETTING} into {daemon['daemonJson']} and"
                f" restart dockerd {daemon['pid']}"
            )
