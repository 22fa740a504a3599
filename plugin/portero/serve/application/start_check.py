"""Whether Portero could start as it should (`portero serve --check`): all of it is tried, and nothing is changed.

The decision log is opened here for a start, too.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from portero.decide.values.errors import LoadError
from portero.observe.files.whole_files import try_to_make
from portero.observe.stores import api_tables
from portero.serve.application import loading
from portero.serve.application.judged_host import make_daemon
from portero.serve.decision_log.decision_log import DecisionLog
from portero.serve.decision_log.log_state import JOURNAL, is_file
from portero.serve.settings.settings import Settings

_LOG = logging.getLogger(__name__)


def check_start(settings: Settings) -> None:
    """Raises LoadError with every fault. Nothing is put into force."""
    faults: list[str] = []
    for check in (_check_policy, _check_log):
        try:
            check(settings)
        except LoadError as error:
            faults += error.faults
    if faults:
        raise LoadError(faults)


def _check_policy(settings: Settings) -> None:
    routes, shapes = api_tables.load_api()
    loaded = loading.load_trusted(settings, routes.operations)
    loading.assemble_judge(settings, loaded.policy, routes, shapes, loaded.state.links, make_daemon(settings, routes))
    loading.remember_versions(settings, loaded.state.signed, only_tries=True)


def _check_log(settings: Settings) -> None:
    with explain_log_errors(settings):
        if is_file(settings.log) and try_to_make(settings.log):
            return
    open_log(settings)


def open_log_or_wait(settings: Settings, *, needs_log: bool) -> DecisionLog:
    """The decision log; a file that cannot be opened counts as one that cannot be written, until it can be."""
    try:
        return open_log(settings)
    except LoadError as error:
        if needs_log or not is_file(settings.log):
            raise
        why = error.faults[0]
        _LOG.error("%s; until then PORTERO_LOG_FAILURE=%s counts", why, settings.log_failure)
        return DecisionLog(settings.log, settings.log_sync, unopened=why)


def open_log(settings: Settings) -> DecisionLog:
    """The decision log, which is made where it is missing; raises LoadError."""
    with explain_log_errors(settings):
        return DecisionLog(settings.log, settings.log_sync)


@contextmanager
def explain_log_errors(settings: Settings) -> Iterator[None]:
    """Raise LoadError where the system refuses the decision log."""
    try:
        yield
    except OSError as error:
        other = "start systemd-journald, or " if settings.log == JOURNAL else ""
        cure = f"{other}name a file that can be written"
        raise LoadError([f"PORTERO_LOG: {settings.log}: {error.strerror}; {cure}"]) from error
