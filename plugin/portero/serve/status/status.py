"""The status of the running plugin: what is in force, what needs attention, and what was counted."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TypeAlias, cast

from portero import __version__
from portero.decide.decision import LEVELS
from portero.decide.interfaces.daemon import LookupState
from portero.decide.interfaces.host import Host, HostMoment
from portero.decide.policy import exception, site_warnings
from portero.decide.policy.policy import Policy
from portero.decide.values.dataclass import dataclass
from portero.decide.values.json_fields import JSON
from portero.decide.values.refusals import Refused
from portero.decide.values.times import format_instant
from portero.observe.process import package_files
from portero.serve.decision_log.log_state import LogState
from portero.serve.settings.settings import Settings
from portero.serve.status import bundle_state, daemon_state, policy_state
from portero.serve.status.metrics import Metrics
from portero.serve.status.policy_state import PolicyState

# What dockerd and swarm start by themselves: no plugin is asked.
_STARTED_WITHOUT_PLUGIN = (
    "containers with a restart policy, whenever they end and with dockerd",
    "tasks of swarm services",
    "what runs goes on while dockerd or Portero is stopped (live-restore)",
    "portero scan lists them with what the rules say of each",
)
_EMERGENCY_ACCESS = (
    "root on the host takes portero out of authorization-plugins in daemon.json and runs systemctl reload docker;"
    " groups in break-glass of site.json get past the rules with a token of at most an hour"
)
# Seconds for which a lost line of the decision log needs attention.
_FAILED_RECENTLY = 15 * 60
# Seconds. Thousands of rules take some to load, on a busy host.
_SILENT = 60.0


ListDockerUsers: TypeAlias = Callable[[str, str], JSON]


def list_no_users(root: str, daemon_config: str) -> JSON:
    """The default: the accounts of the host are not read."""
    return "unknown: the accounts of the host are not read"


@dataclass(frozen=True, slots=True)
class View:
    """What a status is made of. `daemons`: those that ask, as reported.

    `lookups_fail`: whether the daemon did not answer the last lookup of a network; `lookups`: how the last lookup of an
    existing object went. `break_glass`: requests for which a token lifted the rules since the start. `silent_for`:
    seconds since the policy folders were last polled. `unusable`: why no policy is in force, as a refusal code; empty
    where one is.
    `replaced_at`: when the deciding process began, if it replaced another, in seconds since 1970; 0: it is the first.
    `writers_failure`: why the memory of writers could not be used the last time, as a sentence; empty: it could.
    `picture_differences`: how often dockerd showed something else than is known of it.
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
    unusable: str = ""
    list_docker_users: ListDockerUsers = list_no_users
    picture_differences: int = 0
    replaced_at: float = 0.0
    writers_failure: str = ""


def describe_health(view: View) -> dict[str, JSON]:
    """The short status. `attention`: one sentence for each thing that needs attention."""
    return {
        "attention": [*list_attention(view, time.time())],
        "version": __version__,
        "profile": view.settings.profile,
        "auditProfile": view.settings.reported_profile or None,
        "mode": view.settings.mode,
        "policy": view.policy.digest,
        "rules": len(view.policy.rules),
        "policyLoaded": format_instant(view.state.loaded),
        "lastReload": format_instant(view.state.tried),
        "reloadFaults": [*view.state.faults],
    }


def describe_status(view: View, metrics: Metrics) -> dict[str, JSON]:
    """The short status with the counts since the start, exceptions, signatures and settings."""
    settings = view.settings
    users = view.list_docker_users(settings.visible_root, settings.daemon_json)
    levels = [rule.level for rule in view.policy.rules.values()]
    return describe_health(view) | {
        "decisions": {outcome: metrics.count("decisions", outcome) for outcome in ("allowed", "refused")},
        "auditProfileRefusals": metrics.count("audit_profile_refusals"),
        "logFailures": metrics.count("log_failures"),
        "readsNotLogged": metrics.count("reads_not_logged"),
        "logLastFailure": format_instant(view.log.last_failure) if view.log.last_failure else "",
        "reloadFailures": metrics.count("policy_load_failures"),
        "rulesByLevel": {level: levels.count(level) for level in LEVELS if level in levels},
        "exceptions": _list_exceptions(view.policy, time.time(), metrics),
        "profiles": cast("list[JSON]", view.policy.site.get("profiles", [])),
        "tokenIssuers": [*view.policy.trusted.token_issuers],
        "warnings": [
            *policy_state.warn_of_accounts(users, settings.profile),
            *policy_state.list_first(settings, view.state),
        ],
        "dockerUsers": users,
        "startedWithoutPlugin": [*_STARTED_WITHOUT_PLUGIN],
        "emergencyAccess": _EMERGENCY_ACCESS,
        "signedFolders": {
            str(folder): {"for": one.group, "version": one.version, "date": one.date, "key": one.key}
            for folder, one in view.state.signed.items()
        },
        "daemons": view.daemons,
        "bindSourceWriters": list_writers(cast("list[str]", view.policy.site["bind-sources"]), view.host.moment()),
        "bundle": bundle_state.describe(settings),
        "socket": str(settings.socket),
        "policyFolders": [str(folder) for folder in settings.policy_folders],
        "record": str(settings.record or ""),
        "log": settings.log,
        "logFailure": settings.log_failure,
        "logSync": settings.log_sync,
        "logReads": settings.log_reads,
        "hostRoot": settings.visible_root,
        "daemonConfig": str(settings.daemon_config or ""),
        "dockerHost": str(settings.docker_host or ""),
        "lookups": daemon_state.find_lookup_state(settings, view.lookups),
        "rulesWithoutLookups": [*daemon_state.list_rules_without_lookups(settings, view.policy, view.lookups)],
        "threads": settings.threads,
    }


def list_writers(paths: Sequence[str], host: HostMoment) -> dict[str, JSON]:
    """Each entry of bind-sources, and who but root can replace it or what lies in it."""
    return {path: _list_path_writers(path, host) for path in paths}


def _list_path_writers(path: str, host: HostMoment) -> JSON:
    try:
        trace = host.trace(f"{path.rstrip('/')}/x")
    except Refused:
        return "unknown: the host cannot be read"
    return [*dict.fromkeys(swap.who for swap in trace.swaps)] if trace.seen else "unknown: an owner cannot be seen"


def list_attention(view: View, now: float) -> Iterator[str]:
    """One sentence for each thing that needs attention; `now` in seconds since 1970."""
    if view.settings.mode == "audit":
        yield "NOTHING IS ENFORCED: mode audit allows and logs every request that does not turn Portero off"
    if view.break_glass:
        yield (
            f"break-glass: rules were lifted for {view.break_glass} requests since the start;"
            " the decision log marks them with breakGlass"
        )
    yield from policy_state.list_invalid(view.settings, view.state, view.unusable)
    if view.silent_for > _SILENT:
        yield (
            f"no change of the policy is loaded since {format_instant(now - view.silent_for)}:"
            " does a file system with a policy folder not answer? else restart portero"
        )
    yield from _list_process_notices(view)
    yield from _list_replaced_code()
    yield from _list_log_failures(view.log)
    yield from policy_state.list_warnings(view.settings, view.state)
    yield from bundle_state.list_notices(view.settings, now)
    if view.settings.lacks_daemon:
        yield "cannot ask dockerd for networks: services join none whose name can begin an ID; set PORTERO_DOCKER_HOST"
    elif view.lookups_fail:
        yield (
            "dockerd does not answer about networks: services join none whose name can begin an ID;"
            " check its socket, or set PORTERO_DOCKER_HOST"
        )
    if view.picture_differences:
        yield (
            f"{view.picture_differences} objects were not what the requests to dockerd had made of them:"
            " portero must be the first of its authorization-plugins; the operational log names the objects"
        )
    for daemon in cast("list[Mapping[str, JSON]]", view.daemons):
        for path in cast("list[str]", daemon["unreadable"]):
            yield f"cannot read {path}: containerd is protected at its usual paths only (dockerd {daemon['pid']})"
    yield from daemon_state.list_notices(view.policy, view.settings.profile, view.daemons)
    yield from site_warnings.list_unseen_names(view.policy, view.settings.profile)
    yield from daemon_state.list_lookup_notices(view.settings, view.policy, view.lookups)
    yield from policy_state.list_weakened(view.policy, now)
    yield from exception.list_warnings(view.policy.waivers, now)


def _list_process_notices(view: View) -> Iterator[str]:
    if view.writers_failure:
        yield view.writers_failure
    if view.replaced_at:
        when = format_instant(view.replaced_at)
        yield f"the deciding process ended or hung, and was replaced at {when}: journalctl -u portero says why"


def _list_replaced_code() -> Iterator[str]:
    try:
        if package_files.is_replaced():
            yield "portero was replaced on the disk: restart it; until then it judges by the rules that it started with"
    except OSError as error:
        yield f"{package_files.package()}: cannot be read ({error.strerror}): whether it was replaced is unknown"


def _list_log_failures(log: LogState) -> Iterator[str]:
    if log.unopened:
        yield log.unopened
    if log.is_stalled():
        yield "a write to the decision log does not end: look at the disk or the reader behind PORTERO_LOG"
    if log.has_failed_within(_FAILED_RECENTLY):
        when = format_instant(log.last_failure)
        yield f"the decision log could not be written at {when}: free disk space or fix PORTERO_LOG"


def _list_exceptions(policy: Policy, now: float, metrics: Metrics) -> list[JSON]:
    """Each exception with its state, and in how many decisions it was used, or would have been but for a condition."""
    used, near_misses = (metrics.count_by_labels(name) for name in ("exceptions_used", "exception_near_misses"))
    return [
        {
            "id": waiver.id,
            "rules": [*waiver.rules],
            "owner": waiver.owner,
            "expires": waiver.expires.isoformat(),
            "state": waiver.find_state(now),
            "usedSinceStart": used.get((waiver.id,), 0),
            "nearMisses": {condition: count for (id, condition), count in near_misses.items() if id == waiver.id},
        }
        for waiver in policy.waivers
    ]
