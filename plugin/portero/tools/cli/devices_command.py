"""`portero devices`: whether dockerd and containerd may open devices, by drop-ins of their systemd units.

Each has its start probed.

Nodes of numbers that no driver owns are made and opened: the control group answers EPERM before the kernel looks for a
driver and says ENXIO (fs/namei.c, inode_permission). So nothing is opened, and no driver is loaded.
"""

import errno
import os
import re
import stat
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

import click

from portero.door.door_units import UnitsFail, run_command
from portero.observe.dockerd.api import EngineApi
from portero.observe.dockerd.asking_daemon import DAEMON_CONFIG
from portero.observe.dockerd.device_policy import PROBED, find_unit
from portero.observe.files.chroot import Files
from portero.observe.files.mountinfo import MountReader
from portero.tools.hostcheck.daemon_settings import read_running_configuration
from portero.tools.hostcheck.daemon_sockets import find_address
from portero.tools.hostcheck.docker_restart import ContainersWouldStop, restart_docker
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
    """Close devices to dockerd: it opens those that a build, image or archive holds.

    docker.service and containerd.service then let them make device nodes, and open none (docs/install.md).
    """


@devices.command()
@click.option("--restart", is_flag=True, help="Restart containerd and dockerd too; running containers go on.")
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
        address = find_address(Files(), read_running_configuration(Files(), DAEMON_CONFIG)) or _DOCKER
        restart_docker(EngineApi(address), run_command, stops_containers=stops_containers)
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
            drop_in.unlink(missing_ok=True)
    _reload_units()
    show_lines(["dockerd and containerd may open devices"])


@devices.command()
@click.option("--containerd", "unpacks_nothing", is_flag=True, help="Of containerd, which unpacks no archives.")
def probe(*, unpacks_nothing: bool) -> None:
    """Probe it before dockerd starts; docker.service runs this, and containerd.service.

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


# For local and experimental use, as characters and as blocks (Documentation/admin-guide/devices.txt of Linux).
_LOCAL = (*range(60, 64), *range(120, 128))
_KINDS = {"character": stat.S_IFCHR, "block": stat.S_IFBLK}
_GROUPS = {"character": "char", "block": "block"}


def probe_start(
    environment: Mapping[str, str],
    folder: str = "/dev",
    proc: str = "/proc",
    left: str = PROBED,
    *,
    unpacks: bool = True,
) -> str:
    """Say why this start of a unit lets dockerd open devices; empty, and left in `left` for Portero: it does not.

    `environment`: of the unit's processes. `folder`: where devices can be opened. `unpacks`: whether it unpacks
    archives, in DOCKER_TMPDIR. OSError: it could not be probed.
    """
    # A line is HIERARCHY:CONTROLLERS:PATH (cgroups(7)).
    groups = Path(f"{proc}/self/cgroup").read_text().splitlines()
    unit = find_unit(line.split(":", 2)[2] for line in groups)
    start = environment.get("INVOCATION_ID", "")
    if not unit or not start:
        return "systemd starts no unit here"
    os.makedirs(left, mode=0o755, exist_ok=True)
    path = Path(left, unit)
    path.unlink(missing_ok=True)
    temporary = environment.get("DOCKER_TMPDIR", "")
    if unpacks and not (temporary and _is_nodev(temporary, proc)):
        return f"{temporary or 'DOCKER_TMPDIR'} is on no mount with the option nodev"
    if fault := _probe_devices(folder, Path(f"{proc}/devices").read_text()):
        return fault
    path.write_text(start)
    return ""


def _is_nodev(folder: str, proc: str) -> bool:
    return MountReader(f"{proc}/self/mountinfo").read().find_mount(os.path.realpath(folder)).nodev


def _probe_devices(folder: str, drivers: str) -> str:
    character, _, block = drivers.partition("Block devices:")
    with tempfile.TemporaryDirectory(prefix=".portero-", dir=folder) as made:
        for kind, owned in (("character", character), ("block", block)):
            taken = {int(number) for number in re.findall(r"^ *([0-9]+) ", owned, re.MULTILINE)}
            number = next((number for number in _LOCAL if number not in taken), None)
            if number is None:
                return f"drivers own all {kind} devices that are for local use"
            if fault := _probe_device(f"{made}/{kind}", kind, number):
                return fault
    return ""


def _probe_device(path: str, kind: str, number: int) -> str:
    try:
        os.mknod(path, _KINDS[kind] | 0o600, os.makedev(number, 0))
    except PermissionError:
        return f"{kind} devices cannot be made, which images need: write DeviceAllow={_GROUPS[kind]}-* m"
    for flags in (os.O_RDONLY, os.O_WRONLY):
        try:
            os.close(os.open(path, flags | os.O_NONBLOCK))
        except OSError as error:
            if error.errno == errno.EPERM:
                continue
        return f"{kind} devices can be opened"
    return ""
