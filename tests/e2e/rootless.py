"""A rootless dockerd on a throw-away host: the account alice owns it, rootlesskit gives it its namespaces.

`with RootlessDocker() as docker:` starts it unguarded, with busybox. What guards it is the test's business.
"""

import shutil
import subprocess
import sys
from pathlib import Path

from tests.e2e import refusals

from .dockerd import Dockerd
from .engine import chosen_engine, search_path
from .host import REPOSITORY, Process

USER, UID = "alice", 4242
HOME = f"/home/{USER}"
RUNTIME = f"/run/user/{UID}"
START = Path("/usr/share/docker.io/contrib/dockerd-rootless.sh")
ENVIRONMENT = {
    "HOME": HOME,
    "USER": USER,
    "XDG_RUNTIME_DIR": RUNTIME,
    "DOCKER_HOST": f"unix://{RUNTIME}/docker.sock",
    "PATH": f"{HOME}/.local/bin:{search_path(chosen_engine())}",
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


class RootlessDocker(Dockerd):
    """dockerd of the account alice; see the module."""

    SOCKET = f"{RUNTIME}/docker.sock"

    def set_up(self) -> None:
        """The account first, then its daemon."""
        refusals.LOGS.append(self.host.path(f"{HOME}/.local/state/portero/decisions.jsonl"))
        self.root(_PREPARE).check_returncode()
        self.start()
        self.import_busybox("busybox:latest", 'CMD ["sh"]')

    def start(self) -> None:
        """Start dockerd as its own documentation says and wait until it answers."""
        command = ["sh", str(START), "--iptables=false", "--ip6tables=false", "--shutdown-timeout=1"]
        self.run_dockerd(self._as_user(command))

    def user(self, command: str, timeout: float = 60) -> "subprocess.CompletedProcess[str]":
        """Type a command as alice."""
        return self.host.run(self._as_user(["bash", "-c", command]), timeout=timeout, cwd=HOME)

    def root(self, command: str) -> "subprocess.CompletedProcess[str]":
        """Type a command as root of the host."""
        return self.shell(command)

    def start_plugin(self, command: str) -> None:
        """Start a plugin as root of the host; it ends before the host."""
        self.callback(Process(self.host, "plugin", ["bash", "-c", command]).stop)

    def logs(self) -> str:
        """The ends of dockerd's and the plugin's own output, for a failed test's report."""
        plugin = self.root(f"tail -c 3000 {HOME}/.local/state/portero/portero.log")
        return f"--- dockerd\n{self.daemon_log()[-3000:]}\n--- plugin\n{plugin.stdout}"

    def _as_user(self, argv: list[str]) -> list[str]:
        become = ["setpriv", f"--reuid={UID}", f"--regid={UID}", "--clear-groups", "env", "-i"]
        return [*become, *(f"{name}={value}" for name, value in ENVIRONMENT.items()), *argv]
