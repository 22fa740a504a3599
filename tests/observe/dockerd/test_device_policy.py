"""Whether a dockerd may open devices: its mounts, the rules of version 1, and what the start of its unit left."""

import errno
import os
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from portero.decide.interfaces.daemon import DockerdIdentity
from portero.observe.dockerd import device_policy
from portero.observe.dockerd.asking_daemon import AskingDaemon, locate_daemon
from portero.observe.dockerd.device_policy import (
    PROBED,
    find_commit_access,
    find_containerd_access,
    find_device_access,
    find_unit,
)
from portero.observe.dockerd.dockerd_process import RunningDockerd
from portero.observe.files.chroot import Files
from portero.observe.files.mount_table import Mount, MountTable
from tests.paths import ROOT

UNIT = "/lib/systemd/system/docker.service"
DROP_IN = "/etc/systemd/system/docker.service.d/portero-devices.conf"
SHIPPED = (ROOT / "packaging/systemd/docker-devices.conf").read_text()
UNIFIED = "0::/system.slice/docker.service\n"
VERSION_1 = f"5:devices:/system.slice/docker.service\n{UNIFIED}"
RULES = "/sys/fs/cgroup/devices/system.slice/docker.service/devices.list"
TMP = "/srv/unpack"


class Tree:
    """A host whose dockerd was probed at its start, unless a test writes otherwise."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.write(f"{TMP}/.keep", "")
        self.write("/proc/42/cgroup", UNIFIED)
        self.write(UNIT, "[Service]\nExecStart=/usr/sbin/dockerd\n")
        self.write(DROP_IN, SHIPPED)
        self.write(f"{PROBED}/docker.service", "abc\n")

    def write(self, path: str, text: str) -> None:
        file = self.root / path.lstrip("/")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)

    def remove(self, path: str) -> None:
        (self.root / path.lstrip("/")).unlink()

    def find(self, daemon: AskingDaemon | None = None, *, nodev: bool = True) -> str:
        mounts = [Mount(1, 0, "8:1", "/", "/", "ext4"), Mount(2, 1, "8:1", TMP, TMP, "ext4", None, nodev)]
        return find_device_access(daemon or make(), Files(str(self.root)), MountTable(mounts), f"{self.root}/proc")


@pytest.fixture
def tree(tmp_path: Path) -> Tree:
    return Tree(tmp_path)


def make(root_uid: int = 0, **environment: str) -> AskingDaemon:
    """A dockerd that starts in an hour, and so later than all files."""
    started = int((time.clock_gettime(time.CLOCK_BOOTTIME) + 3600) * os.sysconf("SC_CLK_TCK"))
    given = {"DOCKER_TMPDIR": TMP, "INVOCATION_ID": "abc", **environment}
    running = RunningDockerd(DockerdIdentity(42, started), root_uid, root_uid, "/", "/", (), (), given)
    return locate_daemon(running, {})


def test_a_probed_start_is_closed(tree: Tree) -> None:
    assert tree.find() == "closed"


def test_archives_are_unpacked_where_devices_do_not_open(tree: Tree) -> None:
    assert (tree.find(nodev=False), tree.find(make(DOCKER_TMPDIR=""))) == ("changed", "changed")
    assert tree.find(make(INVOCATION_ID=""), nodev=False) == "open"
    assert make(DOCKER_TMPDIR="").temporary == "/var/lib/docker/tmp"


def test_containerd_is_probed_by_itself(tree: Tree) -> None:
    def find() -> str:
        return find_containerd_access(42, Files(str(tree.root)), f"{tree.root}/proc")

    assert find() == "unknown"
    tree.write("/proc/42/stat", f"42 (containerd) S {' '.join(['0'] * 18)} {make().started} 0\n")
    tree.write("/proc/42/environ", "LANG=C\0INVOCATION_ID=abd\0")
    tree.write("/proc/42/cgroup", "0::/system.slice/containerd.service\n")
    assert find() == "unknown"

    tree.write("/lib/systemd/system/containerd.service", "[Service]\nDelegate=yes\n")
    shipped = (ROOT / "packaging/systemd/containerd-devices.conf").read_text()
    tree.write("/etc/systemd/system/containerd.service.d/portero-devices.conf", shipped)
    tree.write(f"{PROBED}/containerd.service", "abd\n")
    assert find() == "closed"
    tree.remove("/etc/systemd/system/containerd.service.d/portero-devices.conf")
    assert find() == "changed"


@pytest.mark.parametrize(
    ("info", "listens", "found"),
    [
        ({"DriverStatus": [["driver-type", "io.containerd.snapshotter.v1"]]}, True, "open"),
        ({"DriverStatus": [["driver-type", "io.containerd.snapshotter.v1"]]}, False, "closed"),
        ({"DriverStatus": [["Backing Filesystem", "extfs"]]}, True, "closed"),
        ({}, True, "open"),
        (None, True, "open"),
    ],
    ids=["its store", "none beside dockerd", "dockerd's store", "no store is shown", "no answer"],
)
def test_a_commit_counts_containerd_where_images_lie_in_its_store(
    monkeypatch: pytest.MonkeyPatch, tree: Tree, info: Any, *, listens: bool, found: str
) -> None:
    address = f"{tree.root}/run/containerd/containerd.sock"
    monkeypatch.setattr(device_policy, "find_process", lambda path: 43 if listens and path == address else None)
    tree.write("/proc/43/stat", f"43 (containerd) S {' '.join(['0'] * 18)} {make().started} 0\n")
    tree.write("/proc/43/environ", "LANG=C\0")
    tree.write("/proc/43/cgroup", "5:devices:/containerd\n")
    tree.write("/sys/fs/cgroup/devices/containerd/devices.list", "a *:* rwm\n")

    assert find_commit_access(make(), Files(str(tree.root)), info, f"{tree.root}/proc") == found


def test_a_containerd_that_takes_no_connection_is_not_closed(monkeypatch: pytest.MonkeyPatch, tree: Tree) -> None:
    def fail(path: str) -> int:
        raise OSError(errno.EMFILE, path)

    monkeypatch.setattr(device_policy, "find_process", fail)
    with pytest.raises(OSError, match=r"containerd\.sock"):
        find_commit_access(make(), Files(str(tree.root)), None)


@pytest.mark.parametrize("invocation", ["", "abd"])
def test_another_start_than_the_probed_one_is_unknown(tree: Tree, invocation: str) -> None:
    assert tree.find(make(INVOCATION_ID=invocation)) == "unknown"


def test_files_of_the_unit_alone_show_nothing(tree: Tree) -> None:
    tree.remove(f"{PROBED}/docker.service")

    assert tree.find() == "unknown"


LATER = "/etc/systemd/system/docker.service.d/zz.conf"


@pytest.mark.parametrize(
    ("path", "text", "found"),
    [
        (LATER, "DevicePolicy=auto\n", "changed"),
        (LATER, "DeviceAllow=/dev/sda\n", "changed"),
        (LATER, "DeviceAllow=block-* rm\n", "changed"),
        ("/etc/systemd/system/service.d/zz.conf", "DevicePolicy=auto\n", "changed"),
        ("/run/systemd/system.control/docker.service.d/portero-devices.conf", "DevicePolicy=auto\n", "changed"),
        (DROP_IN, "DevicePolicy=\n", "changed"),
        (DROP_IN, "", "changed"),
        (LATER, "DevicePolicy=closed\n", "closed"),
        (LATER, "DeviceAllow=/dev/zero rwm\n", "closed"),
        (LATER, "DeviceAllow=/dev/sda m\n", "closed"),
    ],
)
def test_a_unit_that_says_otherwise_since_its_start_is_named(tree: Tree, path: str, text: str, found: str) -> None:
    tree.write(path, text)

    assert tree.find() == found


def test_a_drop_in_that_was_away_is_named_and_a_newer_version_of_it_is_not(tree: Tree) -> None:
    assert tree.find(replace(make(), started=1)) == "changed"

    tree.remove(DROP_IN)
    link = tree.root / DROP_IN.lstrip("/")
    tree.write("/usr/share/portero/docker-devices.conf", SHIPPED)
    link.symlink_to("/usr/share/portero/docker-devices.conf")
    started = int((time.clock_gettime(time.CLOCK_BOOTTIME) + 0.1) * os.sysconf("SC_CLK_TCK"))
    time.sleep(0.2)
    tree.write("/usr/share/portero/docker-devices.conf", SHIPPED)

    assert tree.find(replace(make(), started=started)) == "closed"


@pytest.mark.parametrize(
    ("rules", "expected"),
    [
        ("b *:* m\nc *:* m\nc 1:3 rw\nc 136:* rw\n", "closed"),
        ("a *:* rwm\n", "open"),
        ("b *:* m\nc 10:229 rw\n", "open"),
        ("b 7:0 r\n", "open"),
    ],
)
def test_the_rules_of_version_1_are_those_in_force(tree: Tree, rules: str, expected: str) -> None:
    tree.write("/proc/42/cgroup", VERSION_1)
    tree.write(RULES, rules)

    assert tree.find(make(INVOCATION_ID="")) == expected
    assert tree.find() == "closed"  # The probe saw what both versions allow.


def test_version_1_without_rules_for_devices_leaves_the_probe(tree: Tree) -> None:
    tree.write("/proc/42/cgroup", VERSION_1)

    assert (tree.find(), tree.find(make(INVOCATION_ID=""))) == ("closed", "unknown")


def test_a_daemon_without_the_host_s_root_opens_none(tree: Tree) -> None:
    assert tree.find(make(root_uid=1000), nodev=False) == "closed"


def test_what_cannot_be_read_is_not_nothing(tree: Tree) -> None:
    tree.remove(f"{PROBED}/docker.service")
    (tree.root / "run/portero-devices/docker.service").mkdir()

    with pytest.raises(OSError, match=r"docker\.service"):
        tree.find()


@pytest.mark.parametrize(
    ("groups", "unit"),
    [
        (["/system.slice/docker.service"], "docker.service"),
        (["/", "/system.slice/docker.service/.control"], "docker.service"),
        (["/user.slice/session-1.scope"], ""),
    ],
)
def test_the_unit_is_that_of_the_control_group(groups: list[str], unit: str) -> None:
    assert find_unit(groups) == unit
