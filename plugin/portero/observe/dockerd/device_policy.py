"""Whether a dockerd, or its containerd, may open devices: what it opens itself is in no container's device rules.

closed: it may not, neither by its control group nor where it unpacks archives. open: it may. changed: it could not when
it started, and its unit or that folder changed since: the unit counts from systemd's next daemon-reload on. unknown:
nothing shows it. On cgroup v1 the rules of the running process are a file. v2 shows none, so there the drop-in for
docker.service has the start probed (tools/cli/devices_command.py), and what that left must name this start.
OSError: could not be read.
"""

import re
from collections.abc import Iterable, Mapping
from pathlib import Path

from portero.decide.interfaces.host import DeviceAccess
from portero.decide.values.json_fields import JSON
from portero.observe.dockerd.asking_daemon import AskingDaemon
from portero.observe.dockerd.containerd import find_process
from portero.observe.dockerd.proc import find_start, parse_arguments, parse_start, read_text
from portero.observe.files.chroot import Files
from portero.observe.files.mount_table import MountTable
from portero.observe.files.units import list_files, read_setting

# A file for each unit whose start was probed, with the ID that systemd gave to that start.
PROBED = "/run/portero-devices"
_GROUPS = "/sys/fs/cgroup/devices"
# GET /info, DriverStatus, where images lie in containerd's store.
_STORE: JSON = ["driver-type", "io.containerd.snapshotter.v1"]
# What DevicePolicy=closed opens (systemd.resource-control(5)), as numbers: no disks, no memory of the host.
_HARMLESS = re.compile(r"c (?:0:0|1:[35789]|5:[02]|136:\*) .*")
_HARMLESS_NAMES = re.compile(r"/dev/(?:null|zero|full|u?random|tty|ptmx)|char-pts")
_OPENS = re.compile(r"[rw]")
_POLICIES = frozenset({"closed", "strict"})


def find_device_access(daemon: AskingDaemon, files: Files, mounts: MountTable, proc: str = "/proc") -> DeviceAccess:
    """Whether this dockerd may open devices; `files` and `mounts`: as it sees them."""
    # Without root of the host it can make no device, and open none that its account may not (mknod(2)).
    if 0 not in daemon.root_uids:
        return "closed"
    nodev = mounts.find_mount(files.resolve_path(daemon.temporary)).nodev
    return _find_access(daemon.pid, daemon.started, daemon.invocation, files, proc, nodev=nodev)


def find_commit_access(
    daemon: AskingDaemon, files: Files, info: Mapping[str, JSON] | None, proc: str = "/proc"
) -> DeviceAccess:
    """Whether this dockerd's containerd may: in its store it reads containers for a commit in dockerd's place.

    `info`: GET /info; None: it is not known, and any containerd counts. One that dockerd started is in its control
    group, and counts as closed here.
    """
    store = (info or {}).get("DriverStatus")
    if daemon.rootless or (isinstance(store, list) and _STORE not in store):
        return "closed"
    pid = find_process(files.outside(daemon.containerd))
    return "closed" if pid is None else find_containerd_access(pid, files, proc)


def find_containerd_access(pid: int, files: Files, proc: str = "/proc") -> DeviceAccess:
    """Whether the containerd of this process may."""
    started = parse_start(read_text(f"{proc}/{pid}/stat"))
    variables = (word.partition("=") for word in parse_arguments(read_text(f"{proc}/{pid}/environ")))
    invocation = next((value for name, _, value in variables if name == "INVOCATION_ID"), "")
    return "unknown" if started is None else _find_access(pid, started, invocation, files, proc, nodev=True)


def _find_access(pid: int, started: int, invocation: str, files: Files, proc: str, *, nodev: bool) -> DeviceAccess:
    """By its control group. `nodev`: whether devices do not open where it unpacks archives."""
    # The controllers of a hierarchy, empty for the unified one, and the path of the group there (cgroups(7)).
    lines = (line.split(":", 2) for line in read_text(f"{proc}/{pid}/cgroup").splitlines())
    groups = {controllers: path for _, controllers, path in lines}
    # Empty: version 1 has no rules for devices here, whatever lists that hierarchy.
    rules = files.read_text_or(f"{_GROUPS}{groups['devices']}/devices.list", "") if "devices" in groups else ""
    if nodev and rules and _is_closed(rules.splitlines()):
        return "closed"
    unit = find_unit(groups.values())
    if unit and invocation and files.read_text_or(f"{PROBED}/{unit}", "").strip() == invocation:
        return "closed" if nodev and _stays_closed(files, unit, started) else "changed"
    return "open" if rules or not nodev else "unknown"


def find_unit(groups: Iterable[str]) -> str:
    """The service in paths of control groups; empty: there is none."""
    return next((part for group in groups for part in group.split("/")[::-1] if part.endswith(".service")), "")


def _is_closed(rules: Iterable[str]) -> bool:
    return not any(_OPENS.search(rule.split(" ")[-1]) and not _HARMLESS.fullmatch(rule) for rule in rules)


def _stays_closed(files: Files, unit: str, started: int) -> bool:
    """Whether the files of the unit say what was probed, and did so when it started."""
    policy = read_setting(files, unit, "DevicePolicy")
    allowed = (value.partition(" ") for value in read_setting(files, unit, "DeviceAllow"))
    # Without letters all is allowed.
    opened = [name for name, _, access in allowed if _OPENS.search(access or "rwm")]
    start = find_start(started)
    return (
        policy[-1:] != []
        and policy[-1] in _POLICIES
        and all(map(_HARMLESS_NAMES.fullmatch, opened))
        # Of a drop-in that is a link the link counts: what it leads to changes with each version of Portero.
        and all(
            Path(files.outside_link(path)).lstat().st_ctime_ns < start
            for path in list_files(files, unit)
            if "DevicePolicy" in files.read_text(path)
        )
    )
