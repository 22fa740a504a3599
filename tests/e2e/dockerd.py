"""A dockerd on a throw-away host of its own, for the length of a block: what all of them have in common.

`set_up` of each kind starts it. A start that fails is undone.
"""

import subprocess
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Self

from .host import Process, ThrowAwayHost
from .images import busybox, import_image
from .rawhttp import Client

# Without iptables: nothing outside can be reached anyway, and the machine's kernel may lack the modules.
DOCKERD = ("dockerd", "--iptables=false", "--ip6tables=false", "--experimental", "--shutdown-timeout=1")
# While it ends it starts no container again.
_END = """
kill -TERM "$0"
while kill -0 "$0"; do
  for shim in $(pgrep containerd-shim); do pkill -KILL -P "$shim"; done
  sleep 0.1
done
"""


class Dockerd(ExitStack):
    """`engine`: the folder of another engine than the machine's own. `SOCKET`: where `client` finds the daemon."""

    SOCKET = "/run/docker.sock"

    def __init__(self, engine: Path | None = None, parent: Path | None = None) -> None:
        super().__init__()
        self.host = ThrowAwayHost(parent, engine)

    def __enter__(self) -> Self:
        try:
            self.enter_context(self.host)
            self.socket = self.host.path(self.SOCKET)
            self.client = Client(self.socket)
            self.set_up()
        except BaseException:
            self.close()
            raise
        return self

    def set_up(self) -> None:
        """Start the daemon and what belongs to it; what ends before the host is pushed onto this stack."""
        raise NotImplementedError

    def run_dockerd(self, argv: Sequence[str], environment: Mapping[str, str] | None = None) -> None:
        """Start it and wait until it answers."""
        self.dockerd = Process(self.host, "dockerd", argv, environment)
        self.callback(self._end_dockerd)
        self.dockerd.wait_for(lambda: self.client.ask("GET", "/_ping").status in (200, 403))

    def stop_dockerd(self) -> None:
        """End it, if it runs."""
        try:
            self.dockerd.stop()
        except subprocess.TimeoutExpired:  # after attacks that had their effect
            self.dockerd.stop("KILL")

    def _end_dockerd(self) -> None:
        """End it and its containers with the host: those that take no SIGTERM would have ten seconds each."""
        if self.dockerd.waiter.poll() is None:
            self.host.run(["sh", "-c", _END, str(self.dockerd.pid)], timeout=10)
        self.dockerd.stop("KILL")

    def import_busybox(self, tag: str, change: str) -> None:
        """Have an image of busybox, with a line of a Dockerfile."""
        import_image(self.socket, tag, busybox(), change)

    def make_swarm(self) -> None:
        """A swarm of this one node."""
        answer = self.client.ask("POST", "/swarm/init", {"ListenAddr": "127.0.0.1", "AdvertiseAddr": "127.0.0.1"})
        if answer.status != 200:
            raise RuntimeError(f"no swarm: {answer.message}")

    def shell(
        self, command: str, *, timeout: float = 60, cwd: str = "/", stdin: bytes | None = None
    ) -> "subprocess.CompletedProcess[str]":
        """Type a command on the throw-away host."""
        return self.host.run(["bash", "-c", command], timeout=timeout, cwd=cwd, stdin=stdin)

    def do(self, command: str, timeout: float = 60, cwd: str = "/") -> str:
        """Type a command that has to work; what it prints."""
        done = self.shell(command, timeout=timeout, cwd=cwd)
        assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"
        return done.stdout

    def daemon_log(self) -> str:
        """All that dockerd has said so far."""
        return self.dockerd.said()
