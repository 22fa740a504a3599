"""The status of the running plugin: what is in force, what needs attention, and what was counted."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias, cast

from portero import __version__
from portero.decision import LEVELS
from portero.decision_log.log_state import LogState
from portero.dockerd.daemon import DAEMON_CONFIG
from portero.files import package_files
from portero.host.view import Host, HostMoment, LookupState
from portero.policy import exception, site_warnings
from portero.policy.policy import Policy
from portero.refusals import Refused
from portero.settings.settings import Settings
from portero.signing.manifest import Manifest
from portero.status import build_rights, bundle_state, weakened_rules
from portero.status import lookup_state as lookups
from portero.status.metrics import SoFar
from portero.status.policy_state import PolicyState
from portero.values.json_types import JSON
from portero.values.times import instant

# What dockerd and swarm start by themselves: no plugin is asked.
_UNASKED = (
    "containers with a restart policy, whenever they end and with dockerd",
    "tasks of swarm services",
    "what runs goes on while dockerd or Portero is stopped (live-restore)",
    "portero scan lists them with what the rules say of each",
)
_IN_EMERGENCY = (
    "root on the host takes portero out of authorization-plugins in daemon.json and runs systemctl reload docker;"
    " groups in break-glass of site.json get past the rules with a token of at most an hour"
)
# Seconds for which a lost line of the decision log needs attention.
_FAILED_RECENTLY = 15 * 60
# Seconds. Thousands of rules take some to load, on a busy host.
_SILENT = 60.0


ListDockerUsers: TypeAlias = Callable[[str, str], JSON]


def list_no_users(root: str, daemon_config: str) -> JSON:
    """Where nobody looks at the accounts of the host."""
    return "unknown: the accounts of the host are not read"


@dataclass(frozen=True, slots=True)
class View:
    """What a status is made of. `daemons`: what is known of those that ask.

    `lookups_fail`: whether the daemon did not answer the last lookup of a network; `lookups`: how the last of an
    existing object went. `break_glass`: for how many requests a token lifted the rules since the start. `silent_for`:
    so many seconds ago the policy folders were last looked at. `is_usable`: whether a policy is in force.
    `list_docker_users`: who reaches the daemon's socket, by the root of the host's files and daemon.json.
    """

    settings: Settings
    policy: Policy
    host: Host
    state: PolicyState
    daemons: list[JSON]
    log: LogState
    lookups_fail: bool = False
    lookups: LookupState = "auto"
    break_glass: int = 0
    silent_for: float = 0.0
    is_usable: bool = True
    list_docker_users: ListDockerUsers = list_no_users


def health(view: View) -> dict[str, JSON]:
    """The short status. `attention`: one sentence for each thing that needs attention."""
    return {
        "attention": [*attention(view, time.time())],
        "version": __version__,
        "profile": view.settings.profile,
        "auditProfile": view.settings.reported_profile or None,
        "mode": view.settings.mode,
        "policy": view.policy.digest,
        "rules": len(view.policy.rules),
        "loaded": instant(view.state.loaded),
        "lastTried": instant(view.state.tried),
        "reloadFaults": [*view.state.faults],
    }


def full(view: View, so_far: SoFar) -> dict[str, JSON]:
    """The short status with the counts since the start, exceptions, signatures and settings."""
    settings = view.settings
    users = view.list_docker_users(settings.visible_root, str(settings.daemon_config or DAEMON_CONFIG))
    levels = [rule.level for rule in view.policy.rules.values()]
    return health(view) | {
        "decisions": {"allowed": so_far.allowed, "refused": so_far.refused},
        "auditProfileRefusals": so_far.audit_profile_refusals,
        "logFailures": so_far.log_failures,
        "readsNotLogged": so_far.reads_not_logged,
        "logLastFailure": instant(view.log.last_failure) if view.log.last_failure else "",
        "reloadFailures": so_far.load_failures,
        "rulesByLevel": {level: levels.count(level) for level in LEVELS if level in levels},
        "exceptions": exceptions(view.policy, time.time(), so_far),
        "profiles": cast("list[JSON]", view.policy.site.get("profiles", [])),
        "tokenIssuers": [*view.policy.trusted.token_issuers],
        "warnings": [*weakened_rules.warn_of_accounts(users, settings.profile)],
        "dockerUsers": users,
        "startsUnasked": [*_UNASKED],
        "inEmergency": _IN_EMERGENCY,
        "signed": {str(folder): _signature(manifest) for folder, manifest in view.state.signed.items()},
        "daemons": view.daemons,
        "bindSources": list_trusted(
            cast("list[str]", view.policy.site["bind-sources"]),
            view.host.moment(),
        ),
        "bundle": bundle_state.describe(settings),
        "socket": str(settings.socket),
        "schemas": [str(folder) for folder in settings.policy_folders],
        "record": str(settings.record or ""),
        "log": settings.log,
        "logFailure": settings.log_failure,
        "logSync": settings.log_sync,
        "logReads": settings.log_reads,
        "hostFiles": settings.visible_root,
        "daemonConfig": str(settings.daemon_config or ""),
        "dockerHost": str(settings.docker_host or ""),
        "lookups": lookups.state_of(settings, view.lookups),
        "blindRules": [*lookups.list_blind_rules(settings, view.policy, view.lookups)],
        "threads": settings.threads,
    }


def list_trusted(paths: Sequence[str], host: HostMoment) -> dict[str, JSON]:
    """Each entry of bind-sources, and who but root can replace it or what lies in it."""
    return {path: _list_writers(path, host) for path in paths}


def _list_writers(path: str, host: HostMoment) -> JSON:
    try:
        trace = host.trace(f"{path.rstrip('/')}/x")
    except Refused:
        return "unknown: the host cannot be read"
    return [*dict.fromkeys(swap.who for swap in trace.swaps)] if trace.seen else "unknown: an owner cannot be seen"


def attention(view: View, now: float) -> Iterator[str]:
    """One sentence for each thing that needs attention; `now` in seconds since 1970."""
    if view.settings.mode == "audit":
        yield "NOTHING IS ENFORCED: mode audit allows and logs every request that does not turn Portero off"
    if view.break_glass:
        yield (
            f"break-glass: rules were lifted for {view.break_glass} requests since the start;"
            " the decision log marks them with breakGlass"
        )
    if not view.is_usable:
        yield "NOTHING IS ALLOWED: no policy is valid; fix the policy folders (reloadFaults), which are loaded at once"
    elif view.state.faults:
        yield f"policy folder is invalid; still enforcing the policy of {instant(view.state.loaded)}"
    if view.silent_for > _SILENT:
        yield (
            f"no change of the policy is loaded since {instant(now - view.silent_for)}:"
            " does a file system with a policy folder not answer? else restart portero"
        )
    yield from _list_replaced_code()
    yield from _list_log_failures(view.log)
    yield from _watch_attention(view)
    yield from bundle_state.list_notices(view.settings, now)
    if view.settings.lacks_daemon:
        yield "cannot ask dockerd for networks: services join none whose name can begin an ID; set PORTERO_DOCKER_HOST"
    elif view.lookups_fail:
        yield (
            "dockerd does not answer about networks: services join none whose name can begin an ID;"
            " check its socket, or set PORTERO_DOCKER_HOST"
        )
    for daemon in cast("list[Mapping[str, JSON]]", view.daemons):
        for path in cast("list[str]", daemon["unseen"]):
            yield f"cannot read {path}: containerd is protected at its usual paths only (dockerd {daemon['pid']})"
    yield from build_rights.list_notices(view.policy, view.settings.profile, view.daemons)
    yield from site_warnings.list_unseen_names(view.policy, view.settings.profile)
    yield from lookups.list_notices(view.settings, view.policy, view.lookups)
    yield from weakened_rules.list_notices(view.policy, now)
    yield from exception.list_warnings(view.policy.waivers, now)


def _list_replaced_code() -> Iterator[str]:
    try:
        if package_files.is_replaced():
            yield "portero was replaced on the disk: restart it; until then it judges by the rules that it started with"
    except OSError as error:
        yield f"{package_files.package()}: cannot be read ({error.strerror}): whether it was replaced is unknown"


def _list_log_failures(log: LogState) -> Iterator[str]:
    if log.is_stalled():
        yield "a write to the decision log does not end: look at the disk or the reader behind PORTERO_LOG"
    if log.failed_within(_FAILED_RECENTLY):
        when = instant(log.last_failure)
        yield f"the decision log could not be written at {when}: free disk space or fix PORTERO_LOG"


def _watch_attention(view: View) -> Iterator[str]:
    """What weakens signed policies, and folders that never come to rest."""
    settings, state = view.settings, view.state
    if state.changing is not None:
        since, loaded = instant(state.changing), instant(state.loaded)
        yield f"policy folders keep changing since {since}; enforcing the policy of {loaded}"
    if not settings.trusted_keys or not state.signed:
        return
    if settings.allow_rollback == "yes":
        yield "older signed versions are accepted: unset PORTERO_ALLOW_ROLLBACK"
    elif state.first_seen:
        groups = ", ".join(state.first_seen)
        yield (
            f"no version of {groups} is recorded in {settings.state} from before this start: an older one would be "
            "accepted; expected at the first start only"
        )
    elif not settings.state.exists():
        yield f"{settings.state} is missing: after a restart an older signed version would be accepted; restore it"


def exceptions(policy: Policy, now: float, so_far: SoFar) -> list[JSON]:
    """Each exception with its state, and in how many decisions it was used, or would have been but for a condition."""
    return [
        {
            "id": waiver.id,
            "rules": [*waiver.rules],
            "owner": waiver.owner,
            "expires": waiver.expires.isoformat(),
            "state": waiver.state(now),
            "usedSinceStart": so_far.exceptions.get(waiver.id, 0),
            "nearMisses": {
                condition: count
                for name, count in so_far.near_misses.items()
                for id, _, condition in [name.partition(" ")]
                if id == waiver.id
            },
        }
        for waiver in policy.waivers
    ]


def _signature(manifest: Manifest) -> JSON:
    return {"for": manifest.group, "version": manifest.version, "date": manifest.date, "key": manifest.key}
