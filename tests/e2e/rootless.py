"""A rootless dockerd on a throw-away host: the account alice owns it, rootlesskit gives it its namespaces.

`with RootlessDocker() as docker:` starts it unguarded, with busybox. What guards it is the test's business.
"""

import shutil
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType

from tests.waiting import wait_until

from . import refusals
from .host import REPOSITORY, ThrowAwayHost
from .images import busybox, import_image
from .rawhttp import Client

USER, UID = "alice", 4242
HOME = f"/home/{USER}"
RUNTIME = f"/run/user/{UID}"
START = Path("/usr/share/docker.io/contrib/dockerd-rootless.sh")
ENVIRONMENT = {
    "HOME": HOME,
    "USER": USER,
    "XDG_RUNTIME_DIR": RUNTIME,
    "DOCKER_HOST": f"unix://{RUNTIME}/docker.sock",
    "PATH": f"{HOME}/.local/bin:/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin",
}
# A machine may open its /dev/net/tun to root alone; udev opens it to all (50-udev-default.rules).
_PREPARE = f"""
set -e
groupadd --gid {UID} {USER}
useradd --uid {UID} --gid {UID} --home-dir {HOME} --shell /bin/bash {USER}
mkdir -p {HOME}/.local/bin {RUNTIME} /etc/docker/plugins
echo {USER}:200000:65536 > /etc/subuid
echo {USER}:200000:65536 > /etc/subgid
mount -t tmpfs -o mode=755 none /dev/net
mknod -m 666 /dev/net/tun c 10 200
printf '#!/bin/sh\\nPYTHONPATH={REPOSITORY}/plugin exec {sys.executable} -m portero "$@"\\n' > /usr/local/bin/portero
chmod 755 /usr/local/bin/portero
# The python that runs the tests may lie in root's home; only this host's layer changes.
chmod o+x /root
chown -R {USER}: {HOME} {RUNTIME}
chmod 700 {RUNTIME}
"""


def missing() -> str:
    """Say what this machine lacks for a rootless dockerd, in one sentence; empty when it lacks nothing."""
    lacking = [name for name in ("rootlesskit", "newuidmap", "slirp4netns", "setpriv") if shutil.which(name) is None]
    if lacking or not START.exists():
        return f"a rootless dockerd lacks {', '.join(lacking) or START}: apt-get install rootlesskit uidmap slirp4netns"
    return ""


class RootlessDocker:
    """dockerd of the account alice; see the module."""

    def __enter__(self) -> "RootlessDocker":
        with ExitStack() as stack:
            self._plugins: list[subprocess.Popen[bytes]] = []
            # Called last: these processes end with the host.
            stack.callback(lambda: [plugin.wait(30) for plugin in self._plugins])
            self.host = stack.enter_context(ThrowAwayHost())
            self._log = self.host.folder / "dockerd.log"
            refusals.LOGS.append(self.host.path(f"{HOME}/.local/state/portero/decisions.jsonl"))
            prepared = self.host.run(["bash", "-c", _PREPARE])
            if prepared.returncode != 0:
                raise RuntimeError(f"the account was not made: {prepared.stderr}")
            self.socket = self.host.path(f"{RUNTIME}/docker.sock")
            self.client = Client(self.socket)
            self.start()
            stack.callback(self.stop)
            import_image(self.socket, "busybox:latest", busybox(), "sh")
            self._stack = stack.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.__exit__(kind, error, trace)

    def start(self) -> None:
        """Start dockerd as its own documentation says and wait until it answers."""
        command = ["sh", str(START), "--iptables=false", "--ip6tables=false", "--shutdown-timeout=1"]
        self._dockerd = self.host.start(self._as_user(command), self._log)

        def answers() -> bool:
            if self._dockerd.poll() is not None:
                raise RuntimeError(
                    f"dockerd ended with status {self._dockerd.returncode}:\n{self.daemon_log()[-2000:]}"
                )
            return self.client.ask("GET", "/_ping").status in (200, 403)

        wait_until(answers, "the rootless dockerd did not answer")

    def stop(self) -> None:
        """Stop dockerd and the rootlesskit around it."""
        if self._dockerd.poll() is None:
            self.user("kill $(cat $XDG_RUNTIME_DIR/docker.pid)")
            self._dockerd.wait(30)

    def user(self, command: str, timeout: float = 60) -> "subprocess.CompletedProcess[str]":
        """Type a command as alice."""
        return self.host.run(self._as_user(["bash", "-c", command]), timeout=timeout, cwd=HOME)

    def root(self, command: str) -> "subprocess.CompletedProcess[str]":
        """Type a command as root of the host."""
        return self.host.run(["bash", "-c", command])

    def start_plugin(self, command: str) -> None:
        """Start a plugin as root of the host; it ends with the host."""
        self._plugins.append(self.host.start(["bash", "-c", command], self.host.folder / "plugin.log"))

    def daemon_log(self) -> str:
        """All that dockerd and rootlesskit wrote so far."""
        return self._log.read_text(errors="replace")

    def logs(self) -> str:
        """The ends of dockerd's and the plugin's own output, for a failed test's report."""
        if not self._log.exists():
            return "(the host has ended)"
        plugin = self.root(f"tail -c 3000 {HOME}/.local/state/portero/portero.log")
        return f"--- dockerd\n{self.daemon_log()[-3000:]}\n--- plugin\n{plugin.stdout}"

    def _as_user(self, argv: list[str]) -> list[str]:
        become = ["setpriv", f"--reuid={UID}", f"--regid={UID}", "--clear-groups", "env", "-i"]
        return [*become, *(f"{name}={value}" for name, value in ENVIRONMENT.items()), *argv]
