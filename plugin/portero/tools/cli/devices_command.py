"""`portero devices`: whether dockerd and containerd may open devices, by drop-ins of their systemd units.

Each has its start probed (tools/hostcheck/device_probe.py).
"""

import os
import subprocess
import sys
from pathlib import Path

import click

from portero.observe.dockerd.api import EngineApi
from portero.observe.dockerd.asking_daemon import DAEMON_CONFIG
from portero.observe.files.chroot import Files
from portero.tools.hostcheck.daemon_settings import read_running_configuration
from portero.tools.hostcheck.daemon_sockets import find_address
from portero.tools.hostcheck.device_probe import probe_start
from portero.tools.hostcheck.docker_restart import ContainersWouldStop, restart_docker
from portero.tools.hostcheck.door_units import UnitsFail, remove_drop_in, run_command
from portero.tools.terminal import options
from portero.tools.terminal.output import show_lines

_SHIPPED = (Path("/usr/local/share/portero"), Path("/usr/share/portero"))
_UNITS = Path("/etc/systemd/system")
_CLOSED = ("docker", "containerd")
_DOCKER = "/run/docker.sock"
_RELOAD = ("systemctl", "daemon-reload")
# There while systemd runs the host (sd_booted(3)).
_SYSTEMD = Path("/run/systemd/system")


@click.group()
def devices() -> None:
    """Keep dockerd from opening devices that a build, an image or an archive has.

    docker.service and containerd.service can then make device nodes, but not open them (portero help install).
    """


@devices.command()
@click.option("--restart", is_flag=True, help="Restart containerd and dockerd too. Running containers go on.")
@click.option("--stop-containers", is_flag=True, help="Restart also where running containers stop.")
def close(*, restart: bool, stop_containers: bool) -> None:
    """Put the drop-ins of docker.service and containerd.service in place.

    With --restart dockerd is reloaded first. The restart waits until dockerd shows live-restore, at most 30 seconds.
    Exit status 1: containers would stop, and nothing was restarted.
    """
    if not _SYSTEMD.is_dir():
        options.give_up(
            ["systemd does not run here, and only its units close devices to dockerd: build elsewhere, and pull"]
        )
    for unit in _CLOSED:
        paths = [folder / f"{unit}-devices.conf" for folder in _SHIPPED]
        shipped = next((path for path in paths if path.exists()), None)
        if shipped is None:
            options.give_up([f"{paths[0]}: is not there: install Portero with make install, or its package"])
        drop_in = _find_drop_in(unit)
        with options.explain_os_errors(drop_in, "run it as root"):
            if not drop_in.is_symlink() or drop_in.readlink() != shipped:
                drop_in.parent.mkdir(parents=True, exist_ok=True)
                drop_in.unlink(missing_ok=True)
                drop_in.symlink_to(shipped)
    _reload_units()
    if not (restart or stop_containers):
        show_lines(["dockerd and containerd open no device from their next start on: portero devices close --restart"])
        return
    _restart(stops_containers=stop_containers)
    show_lines(["dockerd and containerd have restarted, and open no device"])


def _restart(*, stops_containers: bool) -> None:
    try:
        configuration = read_running_configuration(Files(), DAEMON_CONFIG)
        api = EngineApi(find_address(Files(), configuration) or _DOCKER)
        is_configured = configuration.read_switch("live-restore", default=False)["value"] is True
        restart_docker(api, run_command, is_configured=is_configured, stops_containers=stops_containers)
    except ContainersWouldStop as fault:
        show_lines([f"portero: nothing was restarted: {fault} (--stop-containers restarts all the same)"], err=True)
        sys.exit(options.REFUSED)
    except UnitsFail as fault:
        options.give_up([str(fault)])
    except (OSError, ValueError) as fault:
        cure = "journalctl -u docker says why; then systemctl restart containerd docker"
        options.give_up([f"dockerd does not answer ({fault}): {cure}"])


@devices.command("open")
def open_again() -> None:
    """Take the drop-ins away again."""
    for drop_in in map(_find_drop_in, _CLOSED):
        with options.explain_os_errors(drop_in, "run it as root"):
            remove_drop_in(drop_in)
    _reload_units()
    show_lines(["dockerd and containerd may open devices"])


@devices.command(hidden=True)
@click.option("--containerd", "unpacks_nothing", is_flag=True, help="Of containerd, which unpacks no archives.")
def probe(*, unpacks_nothing: bool) -> None:
    """Probe it before dockerd starts. docker.service and containerd.service run this.

    Exit status 1: dockerd can open devices. It starts all the same, and Portero does not take them for closed.
    """
    try:
        fault = probe_start(os.environ, unpacks=not unpacks_nothing)
    except OSError as error:
        options.give_up([f"{error.filename}: {error.strerror}: what dockerd may open cannot be probed"])
    if fault:
        daemon = "containerd" if unpacks_nothing else "dockerd"
        show_lines([f"portero: {daemon} may open devices: {fault}"], err=True)
        sys.exit(options.REFUSED)


def _find_drop_in(unit: str) -> Path:
    return _UNITS / f"{unit}.service.d" / "portero-devices.conf"


def _reload_units() -> None:
    name = " ".join(_RELOAD)
    with options.explain_os_errors(name, "is systemd installed?"):
        ended = subprocess.run(_RELOAD, stderr=subprocess.PIPE, text=True)  # noqa: S603 - fixed words
    if ended.returncode:
        root = "" if os.geteuid() == 0 else "; run it as root"
        options.give_up([f"{name}: {' '.join(ended.stderr.split()) or f'ended with status {ended.returncode}'}{root}"])
