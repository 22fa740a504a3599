"""`portero devices`: whether dockerd may open devices, by a drop-in of its systemd unit."""

import os
import subprocess
from pathlib import Path

import click

from portero.cli import options
from portero.cli.terminal import show_lines
from portero.hostcheck.device_probe import probe_start

_SHIPPED = (Path("/usr/local/share/portero/docker-devices.conf"), Path("/usr/share/portero/docker-devices.conf"))
_DROP_IN = Path("/etc/systemd/system/docker.service.d/portero-devices.conf")
_RELOAD = ("systemctl", "daemon-reload")


@click.group()
def devices() -> None:
    """Close devices to dockerd: it opens those that a build, image or archive holds.

    docker.service then lets it make device nodes, and open none (docs/install.md).
    """


@devices.command()
def close() -> None:
    """Put the drop-in of docker.service in place."""
    shipped = next((path for path in _SHIPPED if path.exists()), None)
    if shipped is None:
        options.give_up([f"{_SHIPPED[0]}: is not there: install Portero with make install, or its package"])
    if not _DROP_IN.is_symlink() or _DROP_IN.readlink() != shipped:
        _DROP_IN.parent.mkdir(parents=True, exist_ok=True)
        _DROP_IN.unlink(missing_ok=True)
        _DROP_IN.symlink_to(shipped)
    _reload_units()
    show_lines(["dockerd opens no device from its next start on: systemctl restart docker"])


@devices.command("open")
def open_again() -> None:
    """Take the drop-in away again."""
    _DROP_IN.unlink(missing_ok=True)
    _reload_units()
    show_lines(["dockerd may open devices"])


@devices.command()
def probe() -> None:
    """Probe it before dockerd starts; docker.service runs this.

    Exit status 1: dockerd could open devices.
    """
    try:
        fault = probe_start(os.environ)
    except OSError as error:
        options.give_up([f"{error.filename}: {error.strerror}: what dockerd may open cannot be probed"])
    if fault:
        raise click.ClickException(f"dockerd does not start: {fault} (to let it: portero devices open)")


def _reload_units() -> None:
    try:
        subprocess.run(_RELOAD, check=True)  # noqa: S603 - fixed words
    except (OSError, subprocess.CalledProcessError) as error:
        options.give_up([f"systemctl daemon-reload: {error}"])
