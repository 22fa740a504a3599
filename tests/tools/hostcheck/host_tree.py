"""A folder tree that stands for a host."""

import os
import time
from pathlib import Path

from portero.observe.files.chroot import Files
from portero.tools.hostcheck.daemon_settings import Configuration, find_dockerd, read_configuration

DAEMON_JSON = "/etc/docker/daemon.json"


class ThisSystem(Files):
    """A host whose files are below a folder, and that is this system to systemd and apt."""

    def outside(self, path: str) -> str:
        return "/" if path == "/" else super().outside(path)


class Host:
    """A folder tree that stands for a host."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.files = Files(str(root))

    def write(self, path: str, text: str, mode: int = 0o644) -> None:
        file = self.at(path)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        file.chmod(mode)

    def link(self, path: str, target: str) -> None:
        self.at(path).parent.mkdir(parents=True, exist_ok=True)
        self.at(path).symlink_to(target)

    def dockerd(
        self,
        *arguments: str,
        environment: str = "",
        pid: str = "42",
        status: str = "Uid:\t0\t0\t0\t0\n",
        age: float = -3600,
    ) -> None:
        """Let a dockerd run that started `age` seconds ago: by default later than all files of the host."""
        started = int((time.clock_gettime(time.CLOCK_BOOTTIME) - age) * os.sysconf("SC_CLK_TCK"))
        self.write(f"/proc/{pid}/stat", f"{pid} (a ) b) S {' '.join(['0'] * 18)} {started} 0\n")
        self.write("/run/docker.pid", pid)
        self.write(f"/proc/{pid}/comm", "dockerd\n")
        self.write(f"/proc/{pid}/status", status)
        self.write(f"/proc/{pid}/cmdline", "".join(f"{word}\0" for word in ("/usr/sbin/dockerd", *arguments)))
        self.write(f"/proc/{pid}/environ", environment)

    def unreadable(self, path: str) -> None:
        """Something whose reading ends in an OSError, even for root: a folder."""
        self.at(path).mkdir(parents=True)

    def at(self, path: str) -> Path:
        return self.root / path.lstrip("/")

    def configuration(self) -> Configuration:
        """The configuration of its dockerd."""
        return read_configuration(self.files, find_dockerd(self.files), DAEMON_JSON)
