"""The daemons that ask: which run, what their builds may do on the host, and whether they say what exists.

Without lookups of existing objects some rules judge nothing.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import cast

from portero.decide.interfaces.daemon import LookupState, Peer
from portero.decide.interfaces.host import Host
from portero.decide.policy.dialect import reads_foreign, reads_objects, reads_owners
from portero.decide.policy.policy import Policy
from portero.decide.values.json_fields import JSON
from portero.decide.values.refusals import Refused
from portero.observe.dockerd.asking_daemon import AskingDaemon
from portero.observe.dockerd.dockerd_process import identify_dockerd
from portero.serve.settings.settings import Settings

_BUILDKIT, _NODES = "unseen-buildkit", "unseen-device-nodes"
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
            **_read_builds(daemon, host),
        }
        for daemon in sorted(daemons, key=lambda daemon: daemon.identity.started)
        if _runs(daemon, proc)
    ]


def _runs(daemon: AskingDaemon, proc: Path) -> bool:
    try:
        return identify_dockerd(daemon.pid, proc) == daemon.identity
    except OSError:
        return True  # what cannot be read may run


def _read_builds(daemon: AskingDaemon, host: Host) -> dict[str, JSON]:
    """What it refuses builds, and whether it may open devices (schemas/request.json, buildkit and deviceAccess)."""
    moment = host.moment(Peer(daemon.pid, daemon.uid))
    try:
        return {"buildEntitlements": moment.daemon().entitlements, "deviceAccess": moment.device_access()}
    except Refused:
        return {"buildEntitlements": "unknown", "deviceAccess": "unknown"}


def list_notices(policy: Policy, profile: str, daemons: Sequence[JSON]) -> Iterator[str]:
    """A sentence for each daemon whose builds have rights on the host and are not refused, or may get some."""
    shown = cast("Sequence[Mapping[str, JSON]]", daemons)
    if not _refuses(policy, profile, _BUILDKIT):
        yield from _list_entitlement_notices(shown)
    for daemon in shown:
        if daemon["deviceAccess"] == "changed":
            yield (
                f"the unit of dockerd {daemon['pid']} changed since it started, and lets it open devices, at the latest"
                " from systemd's next daemon-reload on: run portero devices close, and restart docker"
            )
        elif daemon["deviceAccess"] != "closed" and not _refuses(policy, profile, _NODES):
            yield (
                f"dockerd {daemon['pid']} may open disks that builds, archives and containers name: run portero devices"
                " close, and restart docker"
            )


def _refuses(policy: Policy, profile: str, rule: str) -> bool:
    return rule not in policy.rules or policy.action(rule, profile) == "deny"


def _list_entitlement_notices(daemons: Sequence[Mapping[str, JSON]]) -> Iterator[str]:
    for daemon in daemons:
        if daemon["buildEntitlements"] == "off-after-restart":
            yield f"builds with BuildKit may ask for the host's network until dockerd {daemon['pid']} is restarted"
        elif daemon["buildEntitlements"] != "off":
            yield (
                f"builds with BuildKit may ask for the host's network: write {_SETTING} into {daemon['daemonJson']} and"
                f" restart dockerd {daemon['pid']}"
            )


_UNJUDGED = "existing containers, volumes, networks and services are used by name, not judged"
_WHY = {
    "off": "PORTERO_LOOKUPS=off",
    "unavailable": "dockerd cannot be asked what exists (managed plugin without its mount docker-socket, daemon on TCP "
    "only, or dockerd not recognised)",
}
_CURE = {"off": "set PORTERO_LOOKUPS=auto", "unavailable": "set PORTERO_DOCKER_HOST to its socket"}


def find_lookup_state(settings: Settings, last: LookupState) -> LookupState:
    """Whether existing objects are judged; `last`: how the last lookup went."""
    if settings.lookups == "off":
        return "off"
    return "unavailable" if settings.lacks_daemon else last


def list_rules_without_lookups(settings: Settings, policy: Policy, last: LookupState) -> Iterator[str]:
    """The rules in force that judge existing objects, where these are not looked up: they see the request alone."""
    if find_lookup_state(settings, last) in _WHY:
        yield from (
            rule.id
            for rule in policy.rules.values()
            if policy.action(rule.id, settings.profile) == "deny"
            and reads_objects(rule.schema)
            and not reads_foreign(rule.schema)
            and (policy.site["ownership"] or not reads_owners(rule.schema))
        )


def list_lookup_notices(settings: Settings, policy: Policy, last: LookupState) -> Iterator[str]:
    """One sentence where lookups need attention."""
    state = find_lookup_state(settings, last)
    if state in _WHY:
        rules = ", ".join(list_rules_without_lookups(settings, policy, last)) or "none"
        alone = ", by operators alone (ownership)" if policy.site["ownership"] else ""
        yield f"{_WHY[state]}: {_UNJUDGED}{alone}; blind rules: {rules}; {_CURE[state]}"
    elif state == "unanswered":
        yield (
            "dockerd does not answer what exists: requests that use existing objects are denied (lookup-failed);"
            " check its socket, or set PORTERO_DOCKER_HOST"
        )
