"""`portero serve` loads the policy, opens the socket, and answers dockerd until a signal ends it.

`portero record` does the same and records every request.
"""

import logging
import os
import time
from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from pathlib import Path

import click

from portero import __version__
from portero.decide.policy.exception import list_warnings
from portero.decide.values.errors import LoadError
from portero.decide.values.json_types import JSON
from portero.observe.process.systemd_notify import Notifier
from portero.serve.application.application import Application, RecordRequest, build
from portero.serve.application.reload_thread import ReloadThread
from portero.serve.application.start_check import check_start
from portero.serve.application.watch import Watch, list_watched
from portero.serve.decision_log.log_state import STANDARD_OUTPUT
from portero.serve.server.listener import Listener, SocketTaken, listen, take_over_socket
from portero.serve.server.memory import give_back, use_one_arena
from portero.serve.server.start_up import is_managed_plugin, open_closed_streams, wait_for_end
from portero.serve.settings.settings import InvalidSettings, Settings
from portero.tools.terminal import options

_LOG = logging.getLogger(__name__)
_STANDARD_OUTPUT = 1
# What a fault means, by why no policy is in force.
_FAULTS = {
    "": "not reloaded, the old policy stays in force",
    "policy-unusable": "no policy, and nothing is allowed until this is fixed",
    "settings-unusable": "no settings, and nothing is allowed until this is fixed and portero is restarted",
}


@click.command()
@options.takes_service
@click.option("--check", "only_checks", is_flag=True, help="Only check whether it could start as it should.")
def serve(only_checks: bool, **given: str | tuple[str, ...] | None) -> None:
    """Answer dockerd on the plugin socket.

    A changed policy folder is loaded within two seconds; while it is invalid, the old policy stays in force. SIGHUP
    loads it at once, SIGTERM ends the plugin. With settings or a policy that cannot be used it refuses every request
    but ping, version and info, and says why; --check prints a line for each fault then, and ends with exit status 2.
    """
    if only_checks:
        checked = options.load_settings(given)
        with options.give_up_on(LoadError):
            check_start(checked)
            if checked.record is not None:
                _check_recorder(checked.record)
        return
    try:
        settings, faults = _read_settings(given)
        run(settings, faults, needs_policy=is_managed_plugin())
    except SystemExit as end:
        if end.code == options.ERROR:
            wait_for_end()
        raise


def _read_settings(given: options.Given) -> tuple[Settings, tuple[str, ...]]:
    """The settings and their faults. dockerd is not left without an answer for these."""
    try:
        return options.read_settings(given), ()
    except InvalidSettings as invalid:
        if invalid.usable is None or is_managed_plugin():
            options.give_up(invalid.faults)
        return invalid.usable, invalid.faults


def run(settings: Settings, setting_faults: tuple[str, ...] = (), *, needs_policy: bool) -> None:
    """Serve under these settings, until a signal ends it.

    `setting_faults`: why they are not those that were meant. `needs_policy`: give up without one.
    """
    if _STANDARD_OUTPUT in open_closed_streams() and settings.log == STANDARD_OUTPUT:
        options.give_up(["PORTERO_LOG: standard output is closed; open it, or name a file"])
    # Before any thread starts: a thread keeps the arena that it has.
    use_one_arena()
    notifier = Notifier()
    with options.give_up_on(SocketTaken, OSError):
        inherited = take_over_socket(os.environ)
    if inherited is not None:
        settings = replace(settings, socket=Path(inherited.name))
    with ExitStack() as ends:
        # Before the folders are read, so that no change is missed.
        watch = Watch(list_watched(settings))
        application = _build_application(settings, setting_faults, needs_policy)
        listener = inherited or _open_socket(settings)
        ends.callback(listener.remove)
        report = partial(_end_reload, notifier)
        _log_start(application, notifier)
        # Only now: it fills the memory that loading the policy has freed.
        from portero.serve.server.gunicorn_arbiter import Server

        server = Server(application, ReloadThread(application, watch, report), listener, settings, notifier.tell_alive)
        notifier.tell_ready()
        server.run()


def _build_application(settings: Settings, setting_faults: tuple[str, ...], needs_policy: bool) -> Application:
    record = None
    try:
        record = _open_recording(settings)
    except LoadError as error:
        if needs_policy:
            options.give_up(error.faults)
        setting_faults += error.faults
    with options.give_up_on(LoadError):
        return build(settings, record, _list_docker_users, setting_faults, needs_policy=needs_policy)


def _open_recording(settings: Settings) -> RecordRequest | None:
    if settings.record is None:
        return None
    from portero.tools.recording.recorder import open_recorder  # its patterns take time to compile

    return open_recorder(settings.record, settings.record_max).record


def _check_recorder(path: Path) -> None:
    from portero.tools.recording.recorder import check_recorder

    check_recorder(path)


def _list_docker_users(root: str, daemon_config: str) -> JSON:
    # Imported late: only the status needs it.
    from portero.tools.hostcheck.daemon_sockets import list_docker_users

    return list_docker_users(root, daemon_config)


def _open_socket(settings: Settings) -> Listener:
    why_not = options.explain_os_errors(settings.socket, "choose another PORTERO_SOCKET, or start it as root")
    with options.give_up_on(SocketTaken), why_not:
        return listen(settings.socket)


def _end_reload(notifier: Notifier, application: Application) -> None:
    give_back()
    _log_start(application, notifier)


def _log_start(application: Application, notifier: Notifier) -> None:
    """Log the policy in force after a start or a reload, on standard error: standard output may be the decision log."""
    settings, in_force = application.settings, application.in_force
    policy, faults = in_force.judge.policy, in_force.state.faults
    for fault in faults:
        _LOG.error("%s: %s", _FAULTS[in_force.unusable], fault)
    notifier.tell_status(f"{_FAULTS[in_force.unusable]}: {faults[0]}" if faults else f"mode {settings.mode}")
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


@click.command()
@click.argument("record", metavar="FILE", type=click.Path(dir_okay=False), callback=options.make_absolute)
@options.takes_service
def record(**given: str | tuple[str, ...] | None) -> None:
    """Answer dockerd as `portero serve` does, and record every request to FILE.

    Secrets are masked. With --mode audit nothing is refused meanwhile. A service records with PORTERO_RECORD instead.
    """
    run(options.load_settings(given), needs_policy=True)
