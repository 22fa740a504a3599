"""Whether this start of dockerd's or containerd's unit lets it open devices.

Nodes of numbers that no driver owns are made and opened: the control group answers EPERM before the kernel looks for a
driver and says ENXIO (fs/namei.c, inode_permission). So nothing is opened, and no driver is loaded.
"""

import errno
import os
import re
import stat
import tempfile
from collections.abc import Mapping
from pathlib import Path

from portero.observe.dockerd.device_policy import PROBED, find_unit
from portero.observe.files.mountinfo import MountReader

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
