"""The policy that Portero begins with: that of its folders, else the one that was in force last, else none.

Without a policy it runs all the same, and refuses: dockerd waits without end for a plugin that does not answer
(docker-facts 3.7).
"""

import logging
from collections.abc import Sequence
from functools import partial

from portero.decide.reading.routes import Operation
from portero.decide.values.dataclass import replace
from portero.decide.values.errors import LoadError
from portero.observe.process.threads import run_within
from portero.serve.application import last_policy, loading
from portero.serve.application.loading import Loaded
from portero.serve.settings.settings import Settings
from portero.serve.status.policy_state import PolicyState

_LOG = logging.getLogger(__name__)
# Loading takes 0.3 s; a busy host may need much more.
_TIMEOUT_SECONDS = 20.0


def find_policy(
    settings: Settings,
    operations: Sequence[Operation],
    before: PolicyState | None = None,
    setting_faults: Sequence[str] = (),
) -> Loaded:
    """The policy to begin with; raises LoadError where not even the built-in rules can be loaded.

    Where none is usable these are judged by, and everything is refused whatever they say. The faults of the folders or
    the settings are in its state. `before`: of an earlier load. With `setting_faults` no policy is looked for: which
    one was meant is not known.
    """
    if setting_faults:
        return _load_built_in(settings, operations, before, setting_faults, "settings-unusable")
    try:
        loaded = _load_in_time(settings, operations, before)
        loading.remember_versions(settings, loaded.state.signed)
        return loaded
    except Exception as error:  # noqa: BLE001 - an error of ours must not leave dockerd without an answer
        faults = list_faults(error)
    file = settings.last_policy
    try:
        saved = last_policy.read_saved_policy(settings)
        if saved is None:
            raise LoadError([f"{file}: does not hold the policy of these folders"])
        loaded = loading.load_trusted(settings, operations, before, saved.files)
        _LOG.warning("the policy folders are invalid: the policy that was in force is loaded from %s", file)
        return replace(loaded, state=replace(loaded.state, links=saved.links, faults=faults))
    except Exception as error:  # noqa: BLE001 - as above
        _LOG.error("no policy is valid, and every request is denied until one is: %s", " | ".join(list_faults(error)))
    return _load_built_in(settings, operations, before, faults, "policy-unusable")


def list_faults(error: Exception) -> tuple[str, ...]:
    """The faults of a load, in sentences; an internal error is logged."""
    if isinstance(error, LoadError):
        return error.faults
    _LOG.error("internal error while loading the policy", exc_info=error)
    return (f"internal error ({type(error).__name__}); see the log on standard error",)


def _load_built_in(
    settings: Settings,
    operations: Sequence[Operation],
    before: PolicyState | None,
    faults: Sequence[str],
    unusable: str,
) -> Loaded:
    loaded = loading.load_trusted(replace(settings, schemas=(), trusted_keys=()), operations, before)
    return Loaded(loaded.policy, replace(loaded.state, faults=tuple(faults)), unusable)


def _load_in_time(settings: Settings, operations: Sequence[Operation], before: PolicyState | None) -> Loaded:
    """What the folders hold, unless their file system hangs: no request is answered before this ends."""
    try:
        return run_within(_TIMEOUT_SECONDS, "first load", partial(loading.load_trusted, settings, operations, before))
    except TimeoutError:
        raise LoadError(["the policy folders do not answer: look at their file system"]) from None
