"""A real systemd-journald alone, in mounts of its own: it can be stopped, killed and started again."""

import json
import os
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.waiting import soon

_PROGRAM = "/usr/lib/systemd/systemd-journald"
_LACKS = "needs root and systemd's journald: apt-get install systemd"
needs_journald = pytest.mark.skipif(
    os.geteuid() != 0 or not Path(_PROGRAM).exists() or shutil.which("journalctl") is None, reason=_LACKS
)
_SOCKET = "run/systemd/journal/socket"
_PREPARE = """
mount -t tmpfs tmpfs /run && mount -t tmpfs tmpfs /var/log
mkdir -p /run/systemd/journald.conf.d /run/log/journal
printf '[Journal]\\nStorage=volatile\\nAudit=no\\nReadKMsg=no\\n%s\\n' "$0" > /run/systemd/journald.conf.d/test.conf
echo ready
exec sleep infinity
"""


class Journald:
    """`socket`: its socket, as this process sees it; `enter`: words that start a program beside it."""

    def __init__(self, holder: int) -> None:
        self.enter = ["nsenter", "--target", str(holder), "--mount", "--"]
        self.socket = f"/proc/{holder}/root/{_SOCKET}"
        self.start()

    def start(self) -> None:
        """Start it and wait for its socket."""
        self._process = subprocess.Popen([*self.enter, _PROGRAM], stderr=subprocess.DEVNULL)
        assert soon(lambda: Path(self.socket).exists())

    def kill(self) -> None:
        """As by accident."""
        self._process.kill()
        self._process.wait(30)
        Path(self.socket).unlink(missing_ok=True)

    def read(self, *matches: str) -> list[dict[str, object]]:
        """The entries of the decision log, oldest first."""
        words = [*self.enter, "journalctl", "--quiet", "-o", "json", "--all", "-t", "portero-decisions", *matches]
        done = subprocess.run(words, capture_output=True, text=True, check=False, timeout=60)
        return [json.loads(line) for line in done.stdout.splitlines()]

    def read_until(self, number: int, *matches: str) -> list[dict[str, object]]:
        """The same, once there are so many."""
        assert soon(lambda: len(self.read(*matches)) >= number)
        return self.read(*matches)


@contextmanager
def journald(configuration: str = "RateLimitIntervalSec=0") -> Iterator[Journald]:
    """Until the end of the block."""
    words: Sequence[str] = ["unshare", "--mount", "sh", "-ec", _PREPARE, configuration]
    holder = subprocess.Popen(words, stdout=subprocess.PIPE)
    try:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"ready\n"
        running = Journald(holder.pid)
        try:
            yield running
        finally:
            running.kill()
    finally:
        holder.kill()
        holder.communicate(timeout=30)
