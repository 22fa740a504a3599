"""What is in force after a reload, and in a deciding process that replaces a killed one."""

import time
from collections.abc import Callable, Sequence
from contextlib import suppress

from portero.decide.judging.judge import Judge
from portero.decide.policy.policy import Policy
from portero.decide.values.dataclass import replace
from portero.decide.values.errors import LoadError
from portero.serve.application import first_policy, loading
from portero.serve.application.application import Application, InForce
from portero.serve.application.loading import Loaded


def reload(application: Application, is_unchanged: Callable[[], bool] = lambda: True) -> InForce | None:
    """What is to be in force with the folders as they are now: their policy, or the old one with the folders' faults.

    None when the folders changed while they were read, as `is_unchanged` finds out.
    """
    try:
        loaded = _load(application)
        if not is_unchanged():
            return None
        loading.remember_versions(application.settings, loaded.state.signed)
    except Exception as error:  # noqa: BLE001 - an error of ours at a reload must not end the plugin
        return _keep_old_policy(application, first_policy.list_faults(error)) if is_unchanged() else None
    return _put_in_force(application, loaded)


def restore_policy(application: Application) -> InForce:
    """What is in force in a process that replaces a killed one; raises LoadError."""
    judge, state = application.in_force.judge, application.in_force.state
    operations, faults = judge.routes.operations, application.setting_faults
    return _put_in_force(application, first_policy.find_policy(application.settings, operations, state, faults))


def _load(application: Application) -> Loaded:
    if application.setting_faults:
        raise LoadError(application.setting_faults)
    in_force = application.in_force
    return loading.load_trusted(application.settings, in_force.judge.routes.operations, in_force.state)


def _put_in_force(application: Application, loaded: Loaded) -> InForce:
    # New groups need attention until the next start.
    before = application.in_force.state
    new_groups = tuple(sorted({*before.new_groups, *loaded.state.new_groups}))
    is_first = before.is_first if before.new_groups else loaded.state.is_first
    state = replace(loaded.state, new_groups=new_groups, is_first=is_first)
    application.metrics.policy_loaded(
        state.loaded, enforcing=application.settings.mode == "enforce", usable=not loaded.unusable
    )
    return InForce(_replace_policy(application, loaded.policy, state.links), state, loaded.unusable)


def _replace_policy(application: Application, policy: Policy, links: Sequence[str]) -> Judge:
    """The judge by a policy, and the host as that protects it with the links in its folders."""
    judge = application.in_force.judge
    host = judge.host.protecting(policy.protected_paths, links)
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
