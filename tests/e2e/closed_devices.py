"""A dockerd, and its containerd, that may open no device, as `portero devices close` leaves them.

By version 1 of control groups.
"""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from .guarded import GuardedDocker
from .host import Process

_GROUPS = Path("/sys/fs/cgroup/devices")
needs_device_groups = pytest.mark.skipif(
    not (_GROUPS / "devices.list").exists(), reason="needs version 1 of control groups; tests/fleet has version 2"
)
TEMPORARY = "/var/lib/docker/tmp"
# As packaging/systemd/docker-devices.conf has it.
_RULES = ("c *:* m", "b *:* m", "c 1:3 rw", "c 5:0 rw", "c 5:2 rw", "c 136:* rw")


class ClosedDocker(GuardedDocker):
    """A GuardedDocker in systemd's place puts its dockerd into a control group, and its archives onto a mount."""

    def run_dockerd(self, argv: Sequence[str], environment: Mapping[str, str] | None = None) -> None:
        group = _GROUPS / f"portero-test-{os.getpid()}-{id(self)}"
        if not group.exists():
            group.mkdir()
            self.callback(group.rmdir)
            close_devices(group)
            self.do(f"mkdir -p {TEMPORARY} && mount --bind {TEMPORARY} {TEMPORARY}")
            self.do(f"mount -o remount,bind,nodev {TEMPORARY}")
        super().run_dockerd(join(group, argv), {**(environment or {}), "DOCKER_TMPDIR": TEMPORARY})


class SeparateDocker(ClosedDocker):
    """With a containerd beside it, as packages have it, in another control group: `closed` to devices or not.

    `has_store`: whether images lie in containerd's store.
    """

    def __init__(self, *, closed: bool, has_store: bool = True) -> None:
        super().__init__(daemon_config={"features": {"containerd-snapshotter": has_store}})
        self._closed = closed

    def run_dockerd(self, argv: Sequence[str], environment: Mapping[str, str] | None = None) -> None:
        group = _GROUPS / f"portero-containerd-{os.getpid()}-{id(self)}"
        group.mkdir()
        self.callback(group.rmdir)
        if self._closed:
            close_devices(group)
        containerd = Process(self.host, "containerd", join(group, ["containerd"]))
        self.callback(containerd.stop, "KILL")
        containerd.wait_for(self.host.path("/run/containerd/containerd.sock").exists)
        super().run_dockerd(argv, environment)


def close_devices(group: Path) -> None:
    (group / "devices.deny").write_text("a")
    for rule in _RULES:
        (group / "devices.allow").write_text(rule)


def join(group: Path, argv: Sequence[str]) -> list[str]:
    """The command that joins the group first."""
    return ["sh", "-c", f'echo $$ > {group}/cgroup.procs; exec "$@"', "sh", *argv]
