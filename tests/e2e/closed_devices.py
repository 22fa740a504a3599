"""A dockerd that may open no device, as `portero devices close` leaves it, by version 1 of control groups."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from .guarded import GuardedDocker

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
            (group / "devices.deny").write_text("a")
            for rule in _RULES:
                (group / "devices.allow").write_text(rule)
            self.do(f"mkdir -p {TEMPORARY} && mount --bind {TEMPORARY} {TEMPORARY}")
            self.do(f"mount -o remount,bind,nodev {TEMPORARY}")
        words = ["sh", "-c", f'echo $$ > {group}/cgroup.procs; exec "$@"', "sh", *argv]
        super().run_dockerd(words, {**(environment or {}), "DOCKER_TMPDIR": TEMPORARY})
