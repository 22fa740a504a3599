"""Rights on the host that builds may ask for: for status, and what needs attention."""

from collections.abc import Iterator, Mapping, Sequence
from typing import cast

from portero.dockerd.peer import Peer
from portero.host.view import Host
from portero.policy.policy import Policy
from portero.refusals import Refused
from portero.values.json_types import JSON

_BUILDKIT = "unseen-buildkit"
_REFUSED = '"builder": {"entitlements": {"network-host": false, "security-insecure": false}}'


def with_entitlements(daemons: Sequence[JSON], host: Host) -> list[JSON]:
    """Each daemon with what it refuses builds (schemas/request.json, buildkit)."""
    return [
        {**daemon, "buildEntitlements": _read_entitlements(daemon, host)}
        for daemon in cast("Sequence[Mapping[str, JSON]]", daemons)
    ]


def _read_entitlements(daemon: Mapping[str, JSON], host: Host) -> str:
    try:
        return host.moment(Peer(cast(int, daemon["pid"]), cast(int, daemon["uid"]))).daemon().entitlements
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
                f"builds with BuildKit may ask for the host's network: write {_REFUSED} into {daemon['daemonJson']} and"
                f" restart dockerd {daemon['pid']}"
            )
