"""What is in force after a reload, and in a deciding process that replaces a killed one."""

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
from portero.status.policy_state import PolicyFiles
from portero.threads import start_thread
from portero.values.errors import LoadError

_LOG = logging.getLogger(__name__)
_TIMEOUT_SECONDS = 5.0


def reload(application: Application, is_unchanged: Callable[[], bool] = lambda: True) -> InForce | None:
    """What is to be in force with the folders as they are now: their policy, or the old one with the folders' faults.

    None when the folders changed while they were read, as `is_unchanged` finds out.
    """
    try:
        loaded = _load(application)
        if not is_unchanged():
            return None
        loading.remember_versions(application.settings, loaded.signed)
    except Exception as error:  # noqa: BLE001 - an error of ours at a reload must not end the plugin
        return _keep_old_policy(application, _list_faults(error)) if is_unchanged() else None
    return _bring_into_force(application, loaded)


def restore_policy(application: Application) -> InForce:
    """What is in force in a process that replaces a killed one; raises LoadError.

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
        saved = last_policy.read_saved_policy(settings)
        if saved is None:
            raise LoadError([f"{file}: does not hold the policy of these folders"])
        loaded = replace(_load(application, saved.files), links=saved.links)
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
    """What the folders hold, unless their file system hangs: no request is answered before this ends."""
    outcome: SimpleQueue[Loaded | Exception] = SimpleQueue()

    def load() -> None:
        try:
            outcome.put(_load(application))
        except Exception as error:  # noqa: BLE001 - raised below
            outcome.put(error)

    start_thread("first load", load)
    try:
        loaded = outcome.get(timeout=_TIMEOUT_SECONDS)
    except Empty:
        raise LoadError(["the policy folders do not answer: look at their file system"]) from None
    if isinstance(loaded, Exception):
        raise loaded
    return loaded


def _load(application: Application, saved: PolicyFiles | None = None) -> Loaded:
    in_force = application.in_force
    operations, state = in_force.judge.routes.operations, in_force.state
    return loading.load_trusted(application.settings, operations, state.files, saved, state.signed)


def _bring_into_force(application: Application, loaded: Loaded) -> InForce:
    # New groups need attention until the next start.
    new_groups = {*application.in_force.state.new_groups, *loaded.new_groups}
    state = replace(loaded.make_state(time.time()), new_groups=tuple(sorted(new_groups)))
    application.metrics.policy_loaded(state.loaded, enforcing=application.settings.mode == "enforce")
    return InForce(_replace_policy(application, loaded.policy, state.links), state)


def _replace_policy(application: Application, policy: Policy, links: Sequence[str]) -> Judge:
    """The judge by a policy, and the host as that protects it with the links in its folders."""
    judge = application.in_force.judge
    host = judge.host
    if isinstance(host, HostFiles):
        host = host.protecting(policy.protected_paths, links)
    if policy is judge.policy and host is judge.host:
        return judge
    return replace(judge, policy=policy, host=host)


def _keep_old_policy(application: Application, faults: Sequence[str]) -> InForce:
    in_force = application.in_force
    # What lies behind a new link is read again at the next change, and may then be in force.
    new_links: tuple[str, ...] = ()
    with suppress(LoadError):
        new_links = loading.list_links(application.settings)
    links = tuple(dict.fromkeys((*in_force.state.links, *new_links)))
    judge = _replace_policy(application, in_force.judge.policy, links)
    state = replace(in_force.state, tried=time.time(), faults=tuple(faults), changing_since=None, links=links)
    return replace(in_force, judge=judge, state=state)
