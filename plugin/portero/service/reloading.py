"""Reloads the policy: the master from its folders, a worker from what the master loaded."""

import logging
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace

from portero.host.files import HostFiles
from portero.judging.judge import Judge
from portero.policy.policy import Policy
from portero.service import loading
from portero.service.application import Application, InForce
from portero.service.load_error import LoadError
from portero.service.shared_policy import Notice

_LOG = logging.getLogger(__name__)


def reload(application: Application, is_unchanged: Callable[[], bool] = lambda: True) -> InForce | None:
    """What is to be in force with the folders as they are now: their policy, or the old one with the folders' faults.

    None when the folders changed while they were read, which `is_unchanged` finds out.
    """
    settings, judge = application.settings, application.in_force.judge
    try:
        loaded = loading.load_trusted(settings, judge.routes.operations, application.in_force.notice.held)
        if not is_unchanged():
            return None
        loading.remember_versions(settings, loaded.signed)
    except LoadError as error:
        return _keep(application, error.faults) if is_unchanged() else None
    except Exception as error:  # noqa: BLE001 - an error of ours at a reload must not end the plugin
        _LOG.error("internal error while reloading the policy", exc_info=error)
        return _keep(application, (f"internal error ({type(error).__name__}); see the log on standard error",))
    # Attention is due until the next start.
    known = application.in_force.notice.first_seen
    notice = replace(loaded.notice(time.time()), first_seen=tuple(sorted({*known, *loaded.first_seen})))
    application.metrics.policy_loaded(notice.loaded, enforcing=settings.mode == "enforce")
    return InForce(_take_over(application, loaded.policy, notice.links), notice)


def follow(application: Application, notice: Notice) -> InForce:
    """What is in force by the notice of another process; raises LoadError."""
    judge = application.in_force.judge
    policy = judge.policy
    if notice.policy != policy.digest:
        policy = loading.load_held(application.settings, judge.routes.operations, notice.held)
    return InForce(_take_over(application, policy, notice.links), notice)


def _take_over(application: Application, policy: Policy, links: Sequence[str]) -> Judge:
    """The judge by a policy, and the host as that protects it with the links in its folders."""
    judge = application.in_force.judge
    host = judge.host
    if isinstance(host, HostFiles):
        host = host.protecting(policy.protected_paths, links)
    if policy is judge.policy and host is judge.host:
        return judge
    return replace(judge, policy=policy, host=host)


def _keep(application: Application, faults: Sequence[str]) -> InForce:
    in_force = application.in_force
    # What lies behind a new link is read again at the next change, and may then be in force.
    found: tuple[str, ...] = ()
    with suppress(LoadError):
        found = loading.list_links(application.settings)
    links = tuple(dict.fromkeys((*in_force.notice.links, *found)))
    judge = _take_over(application, in_force.judge.policy, links)
    return InForce(judge, replace(in_force.notice, tried=time.time(), faults=tuple(faults), changing=None, links=links))
