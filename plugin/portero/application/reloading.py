"""What is to be in force after a reload, and in a decider that follows on one that was killed."""

import logging
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from queue import Empty, SimpleQueue

from portero.application import last_policy, loading
from portero.application.application import Application, InForce
from portero.application.loading import Loaded
from portero.host.live_host import HostFiles
from portero.judging.judge import Judge
from portero.policy.policy import Policy
from portero.status.policy_state import Held
from portero.threads import start_thread
from portero.values.errors import LoadError

_LOG = logging.getLogger(__name__)
# Seconds.
_ANSWERS_WITHIN = 5.0


def reload(application: Application, is_unchanged: Callable[[], bool] = lambda: True) -> InForce | None:
    """What is to be in force with the folders as they are now: their policy, or the old one with the folders' faults.

    None when the folders changed while they were read, which `is_unchanged` finds out.
    """
    try:
        loaded = _load(application)
        if not is_unchanged():
            return None
        loading.remember_versions(application.settings, loaded.signed)
    except Exception as error:  # noqa: BLE001 - an error of ours at a reload must not end the plugin
        return _keep(application, _list_faults(error)) if is_unchanged() else None
    return _bring_into_force(application, loaded)


def begin_anew(application: Application) -> InForce:
    """What a decider begins with that follows on another one; raises LoadError.

    The policy in the folders or, if that is invalid, the last one that was in force. Without either nothing is allowed:
    requests are judged by the built-in rules, and refused whatever these say.
    """
    settings = application.settings
    try:
        loaded = _load_in_time(application)
        loading.remember_versions(settings, loaded.signed)
        return _bring_into_force(application, loaded)
    except Exception as error:  # noqa: BLE001 - as at a reload
        faults = _list_faults(error)
    file, is_usable = settings.last_policy, True
    try:
        kept = last_policy.read(settings)
        if kept is None:
            raise LoadError([f"{file}: does not hold the policy of these folders"])
        loaded = replace(_load(application, kept.files), links=kept.links)
        _LOG.warning("the policy folders are invalid: the policy that was in force is loaded from %s", file)
    except Exception as error:  # noqa: BLE001 - as at a reload
        _LOG.error("no policy is valid, and every request is refused until one is: %s", " | ".join(_list_faults(error)))
        loaded = _load(replace(application, settings=replace(settings, schemas=(), trusted_keys=())))
        is_usable = False
    in_force = _bring_into_force(application, loaded)
    return replace(in_force, state=replace(in_force.state, faults=faults), is_usable=is_usable)


def _list_faults(error: Exception) -> tuple[str, ...]:
    if isinstance(error, LoadError):
        return error.faults
    _LOG.error("internal error while loading the policy", exc_info=error)
    return (f"internal error ({type(error).__name__}); see the log on standard error",)


def _load_in_time(application: Application) -> Loaded:
    """What the folders hold, unless their file system does not answer: no request is answered before this ends."""
    ended: SimpleQueue[Loaded | Exception] = SimpleQueue()

    def load() -> None:
        try:
            ended.put(_load(application))
        except Exception as error:  # noqa: BLE001 - it is raised by who waits
            ended.put(error)

    start_thread("first load", load)
    try:
        loaded = ended.get(timeout=_ANSWERS_WITHIN)
    except Empty:
        raise LoadError(["the policy folders do not answer: look at their file system"]) from None
    if isinstance(loaded, Exception):
        raise loaded
    return loaded


def _load(application: Application, kept: Held | None = None) -> Loaded:
    in_force = application.in_force
    return loading.load_trusted(application.settings, in_force.judge.routes.operations, in_force.state.held, kept)


def _bring_into_force(application: Application, loaded: Loaded) -> InForce:
    # Attention is due until the next start.
    known = application.in_force.state.first_seen
    state = replace(loaded.state(time.time()), first_seen=tuple(sorted({*known, *loaded.first_seen})))
    application.metrics.policy_loaded(state.loaded, enforcing=application.settings.mode == "enforce")
    return InForce(_take_over(application, loaded.policy, state.links), state)


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
    links = tuple(dict.fromkeys((*in_force.state.links, *found)))
    judge = _take_over(application, in_force.judge.policy, links)
    state = replace(in_force.state, tried=time.time(), faults=tuple(faults), changing=None, links=links)
    return replace(in_force, judge=judge, state=state)
