"""`portero devices`: whether dockerd may open devices, by a drop-in of its systemd unit, which probes it at each start.

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

from portero.cli import options
from portero.cli.terminal import show_lines
from portero.dockerd.device_access import PROBED, find_unit
from portero.files.mountinfo import MountReader

_SHIPPED = (Path("/usr/local/share/portero/docker-devices.conf"), Path("/usr/share/portero/docker-devices.conf"))
_DROP_IN = Path("/etc/systemd/system/docker.service.d/portero-devices.conf")
_RELOAD = ("systemctl", "daemon-reload")
# There while systemd runs the host (sd_booted(3)).
_SYSTEMD = Path("/run/systemd/system")


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
    if not _SYSTEMD.is_dir():
        options.give_up(
            ["systemd does not run here, and only its unit closes devices to dockerd: build elsewhere, and pull"]
        )
    with options.explain_os_errors(_DROP_IN, "run it as root"):
        if not _DROP_IN.is_symlink() or _DROP_IN.readlink() != shipped:
            _DROP_IN.parent.mkdir(parents=True, exist_ok=True)
            _DROP_IN.unlink(missing_ok=True)
            _DROP_IN.symlink_to(shipped)
    _reload_units()
    show_lines(["dockerd opens no device from its next start on: systemctl restart docker"])


@devices.command("open")
def open_again() -> None:
    """Take the drop-in away again."""
    with options.explain_os_errors(_DROP_IN, "run it as root"):
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
        show_lines([f"portero: dockerd does not start: {fault} (to let it: portero devices open)"], err=True)
        sys.exit(options.REFUSED)


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


def probe_start(environment: Mapping[str, str], folder: str = "/dev", proc: str = "/proc", left: str = PROBED) -> str:
    """Say why this start of a unit lets dockerd open devices; empty, and left in `left` for Portero: it does not.

    `environment`: of the unit's processes. `folder`: where devices can be opened. OSError: it could not be probed.
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
    if not temporary or not MountReader(f"{proc}/self/mountinfo").read().find_mount(os.path.realpath(temporary)).nodev:
        return f"{temporary or 'DOCKER_TMPDIR'} is on no mount with the option nodev"
    if fault := _probe_devices(folder, Path(f"{proc}/devices").read_text()):
        return fault
    path.write_text(start)
    return ""


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
