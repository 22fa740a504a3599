"""`portero serve`: loads the policy, opens the socket, and answers dockerd until a signal ends it."""

import logging
import os
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from pathlib import Path

import click

from portero import __version__
from portero.cli import options
from portero.hostcheck.running_portero import ask_metrics
from portero.log_place import STANDARD_OUTPUT
from portero.policy.exception import list_notices
from portero.server.descriptors import open_closed_streams
from portero.server.exporter import Exporter
from portero.server.first_process import wait_for_end
from portero.server.listener import Listener, SocketTaken, listen, take_over_socket
from portero.server.memory import give_back, use_one_arena
from portero.service.application import Application, build
from portero.service.live import Live
from portero.service.load_error import LoadError
from portero.service.settings import Settings
from portero.service.watch import Watch, list_watched

_LOG = logging.getLogger(__name__)
_STANDARD_OUTPUT = 1


@click.command()
@options.SOCKET
@options.SCHEMAS
@options.PROFILE
@options.AUDIT_PROFILE
@options.MODE
@options.LOG
@options.LOG_FAILURE
@options.LOG_SYNC
@options.DOCKER_HOST
@options.HOST_ROOT
@options.DAEMON_CONFIG
@options.THREADS
@options.TRUSTED_KEYS
@options.STATE
@options.ALLOW_ROLLBACK
@options.RECORD_MAX
@options.METRICS_ADDRESS
def serve(**given: str | tuple[str, ...] | None) -> None:
    """Answer dockerd on the plugin socket.

    A changed policy folder is loaded within two seconds; while it is invalid, the old policy stays in force. SIGHUP
    loads it at once, SIGTERM ends the plugin.
    """
    try:
        run(options.settings(given))
    except SystemExit as end:
        if end.code == options.COULD_NOT:
            wait_for_end()
        raise


def run(settings: Settings) -> None:
    """Serve under these settings, until a signal ends it."""
    _check_streams(settings)
    # Before there is any thread: one that has an arena of its own keeps it.
    use_one_arena()
    given = _take_over_socket()
    if given is not None:
        settings = replace(settings, socket=Path(given.name))
    with ExitStack() as ends:
        # Before the folders are read, so that no change is missed.
        watch = Watch(list_watched(settings))
        application = _built(settings)
        if settings.metrics_address is not None:
            ends.callback(_exporter(settings.metrics_address, partial(ask_metrics, settings.socket)).stop)
        listener = given or _listener(settings)
        ends.callback(listener.remove)
        _log_start(application)
        # Only now: it fills the gaps that loading the policy has left, which no process would use otherwise.
        from portero.server.master import Master

        Master(application, Live(application, watch, _end_reload), listener, settings).run()


def _check_streams(settings: Settings) -> None:
    if _STANDARD_OUTPUT in open_closed_streams() and settings.log == STANDARD_OUTPUT:
        options.give_up(["PORTERO_LOG: standard output is closed; open it, or name a file"])


def _take_over_socket() -> Listener | None:
    try:
        return take_over_socket(os.environ)
    except (SocketTaken, OSError) as error:
        options.give_up([str(error)])


def _exporter(address: tuple[str, int], text: Callable[[], bytes]) -> Exporter:
    try:
        return Exporter(address, text)
    except OSError as error:
        options.give_up([f"PORTERO_METRICS_ADDRESS: {error.strerror}; choose another port"])


def _built(settings: Settings) -> Application:
    try:
        return build(settings)
    except LoadError as error:
        options.give_up(error.faults)


def _listener(settings: Settings) -> Listener:
    try:
        return listen(settings.socket)
    except SocketTaken as taken:
        options.give_up([str(taken)])
    except OSError as error:
        options.give_up([f"{settings.socket}: {error.strerror}; choose another PORTERO_SOCKET, or start it as root"])


def _end_reload(application: Application) -> None:
    give_back()
    _log_start(application)


def _log_start(application: Application) -> None:
    """Log what is in force after a start or a reload, on standard error: standard output may be the decision log."""
    settings, in_force = application.settings, application.in_force
    policy, faults = in_force.judge.policy, in_force.state.faults
    for fault in faults:
        _LOG.error("not reloaded, the old policy stays in force: %s", fault)
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
    for notice in list_notices(policy.waivers, time.time()):
        _LOG.warning("%s", notice)
    if settings.mode == "audit":
        _LOG.warning("NOTHING IS ENFORCED: mode audit allows and logs every request that does not turn Portero off")
