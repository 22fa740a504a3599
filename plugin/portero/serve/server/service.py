"""The service: it loads the policy, opens the socket, and answers dockerd until a signal ends it."""

import logging
import os
import time
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from pathlib import Path

from portero import __version__
from portero.decide.policy.exception import list_warnings
from portero.decide.values.dataclass import replace
from portero.decide.values.errors import LoadError
from portero.observe.process.systemd_notify import Notifier
from portero.serve.application.application import Application, RecordRequest, build
from portero.serve.application.reload_thread import ReloadThread
from portero.serve.application.watch import Watch, list_watched
from portero.serve.decision_log.log_state import STANDARD_OUTPUT
from portero.serve.server.listener import Listener, listen, take_over_socket
from portero.serve.server.memory import give_back, use_one_arena
from portero.serve.server.start_up import open_closed_streams
from portero.serve.settings.settings import Settings
from portero.serve.status.status import ListDockerUsers

_LOG = logging.getLogger(__name__)
_STANDARD_OUTPUT = 1
# What a fault means, by why no policy is in force.
_FAULTS = {
    "": "not reloaded, the old policy stays in force",
    "policy-unusable": "no policy, and nothing is allowed until this is fixed",
    "settings-unusable": "no settings, and nothing is allowed until this is fixed and portero is restarted",
}


def run(
    settings: Settings,
    open_recording: Callable[[Path, int], RecordRequest],
    list_docker_users: ListDockerUsers,
    setting_faults: tuple[str, ...] = (),
    *,
    needs_policy: bool,
) -> None:
    """Serve under these settings, until a signal ends it. Raises LoadError or SocketTaken where it cannot begin.

    `open_recording`: of a file and its most bytes, may raise LoadError. `setting_faults`: why these are not those that
    were meant. `needs_policy`: raise without one.
    """
    if _STANDARD_OUTPUT in open_closed_streams() and settings.log == STANDARD_OUTPUT:
        raise LoadError(["PORTERO_LOG: standard output is closed; open it, or name a file"])
    # Before any thread starts: a thread keeps the arena that it has.
    use_one_arena()
    notifier = Notifier()
    try:
        inherited = take_over_socket(os.environ)
    except OSError as error:
        raise LoadError([str(error)]) from error
    if inherited is not None:
        settings = replace(settings, socket=Path(inherited.name))
    with ExitStack() as ends:
        # Before the folders are read, so that no change is missed.
        watch = Watch(list_watched(settings))
        record = None
        try:
            if settings.record is not None:
                record = open_recording(settings.record, settings.record_max)
        except LoadError as error:
            if needs_policy:
                raise
            setting_faults += error.faults
        application = build(settings, record, list_docker_users, setting_faults, needs_policy=needs_policy)
        listener = inherited or _open_socket(settings.socket)
        ends.callback(listener.remove)
        report = partial(_end_reload, notifier)
        _log_start(application, notifier)
        # Only now: it fills the memory that loading the policy has freed.
        from portero.serve.server.gunicorn_arbiter import Server

        updater = ReloadThread(application, watch, report, partial(_tell_status, notifier))
        server = Server(application, updater, listener, settings, notifier.tell_alive)
        notifier.tell_ready()
        server.run()


def _open_socket(path: Path) -> Listener:
    try:
        return listen(path)
    except OSError as error:
        fault = f"{path}: {error.strerror}; choose another PORTERO_SOCKET, or start it as root"
        raise LoadError([fault]) from error


def _end_reload(notifier: Notifier, application: Application) -> None:
    give_back()
    _log_start(application, notifier)


def _tell_status(notifier: Notifier, application: Application) -> None:
    """What `systemctl status` shows: the fault that counts most, or the mode."""
    in_force = application.in_force
    faults = [f"{_FAULTS[in_force.unusable]}: {fault}" for fault in in_force.state.faults]
    failures = filter(None, [application.daemon.writers_failure])
    notifier.tell_status(next(iter([*faults, *failures]), f"mode {application.settings.mode}"))


def _log_start(application: Application, notifier: Notifier) -> None:
    """Log the policy in force after a start or a reload, on standard error: standard output may be the decision log."""
    settings, in_force = application.settings, application.in_force
    policy, faults = in_force.judge.policy, in_force.state.faults
    for fault in faults:
        _LOG.error("%s: %s", _FAULTS[in_force.unusable], fault)
    _tell_status(notifier, application)
    if faults:
        return
    _LOG.info(
        "version %s, %s rules, profile %s, audit profile %s, mode %s, socket %s",
        __version__,
        len(policy.rules),
        settings.profile,
        settings.reported_profile or "none",
        settings.mode,
        settings.socket,
    )
    for warning in list_warnings(policy.waivers, time.time()):
        _LOG.warning("%s", warning)
    if settings.mode == "audit":
        _LOG.warning("NOTHING IS ENFORCED: mode audit allows and logs every request that does not turn Portero off")
