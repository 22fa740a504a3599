"""`portero serve` answers dockerd until a signal ends it, and with --record records every request."""

from pathlib import Path

import click

from portero.decide.values.errors import LoadError
from portero.decide.values.json_fields import JSON
from portero.serve.application.application import RecordRequest
from portero.serve.application.start_check import check_start
from portero.serve.server.listener import SocketTaken
from portero.serve.server.service import run
from portero.serve.server.start_up import is_managed_plugin, wait_for_end
from portero.serve.settings.settings import InvalidSettings, Settings
from portero.tools.terminal import options


@click.command()
@options.takes_service
@click.option("--check", "only_checks", is_flag=True, help="Only check whether it could start as it should.")
def serve(only_checks: bool, **given: str | tuple[str, ...] | None) -> None:
    """Answer dockerd on the plugin socket.

    A changed policy folder is loaded within two seconds. While it is invalid, the old policy stays in force. SIGHUP
    loads it at once, SIGTERM ends the plugin. With settings or a policy that cannot be used it denies every request
    but ping, version and info, and says why. --check prints a line for each fault then, and ends with exit status 2.
    """
    if only_checks:
        checked = options.load_settings(given)
        with options.give_up_on(LoadError):
            check_start(checked)
            if checked.record is not None:
                from portero.tools.recording.recorder import check_recorder  # its patterns take time to compile

                check_recorder(checked.record)
        return
    if given["record"]:
        _run(options.load_settings(given), needs_policy=True)
        return
    try:
        settings, faults = _read_settings(given)
        _run(settings, faults, needs_policy=is_managed_plugin())
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


def _run(settings: Settings, faults: tuple[str, ...] = (), *, needs_policy: bool) -> None:
    with options.give_up_on(LoadError, SocketTaken):
        run(settings, _open_recording, _list_docker_users, faults, needs_policy=needs_policy)


def _open_recording(file: Path, max_bytes: int) -> RecordRequest:
    from portero.tools.recording.recorder import open_recorder  # see serve

    return open_recorder(file, max_bytes).record


def _list_docker_users(root: str, daemon_config: str) -> JSON:
    # Imported late: only the status needs it.
    from portero.tools.hostcheck.daemon_sockets import list_docker_users

    return list_docker_users(root, daemon_config)


@click.command()
@click.argument("file", metavar="FILE", type=click.Path(dir_okay=False), callback=options.make_absolute)
@options.takes_service
def record(file: str, **given: str | tuple[str, ...] | None) -> None:
    """The older name of `portero serve --record FILE`."""
    _run(options.load_settings({**given, "record": file}), needs_policy=True)
