"""Canaries on the host side: what no container and no request may read, change or reach; and who noticed what.

Secrets stand in files that only root may read, below other mounts and in a process's command line too. Files named
`decides` stand where the host's root runs or obeys what it finds. A helper process listens where only the host may
connect.
"""

import secrets
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from tests.e2e.host import Process, ThrowAwayHost

HERE = Path(__file__).parent
PORT = 8099
MARK = "was-here"
LOG = "/srv/logs/decisions.jsonl"
POLICY = "/srv/policy"
REACHED = "/run/reached"
NOTIFY = "/run/agent/orders.notify"
STREAM = "/run/agent/orders.stream"
BRIDGE, BRIDGE_ADDRESS = "br-office", "10.99.0.1/24"

SECRET_IN = (
    *("/", "/etc", "/root", "/etc/docker", "/var/lib/docker", "/var/lib/docker/volumes/private/_data"),
    "/var/lib/portero",
)
DECIDES_IN = (
    *("/opt/containerd/bin", "/etc", "/etc/cron.d", "/etc/docker", "/run/docker/plugins", "/var/lib/docker", "/root"),
    *("/var/lib/waagent", "/var/lib/k0s", "/var/lib/incus", "/var/lib/apt", "/var/ossec/bin", "/var/cfengine/bin"),
    *("/var/cache/apt", "/var/spool/cron", "/var/spool/incron", "/.snapshots/1", "/usr/local/bin", POLICY),
)
# Sockets of root's processes, deep below folders that look harmless; %s is a secret.
SOCKETS = ("/var/tmp/tmux-0/%s.sock", "/srv/tools/agent/run/%s.sock")
# What users own and containers may write to, made anew before each sequence: path, owner.
FOLDERS = (
    *(("/srv/app", 0), ("/srv/app/data", 0), ("/srv/www", 0), ("/home/alicia", 1000), ("/home/alicia/d", 1000)),
    *(("/home/bruno", 1001), ("/home/bruno/d", 1001)),
)
LINKS = (("/srv/www/up", "/etc"), ("/srv/www/all", "/"))
# The host's own bind mounts inside folders that look harmless.
MOUNTS = (("/etc", "/srv/share/conf"), ("/var/lib/docker", "/srv/vols"), ("/proc", "/srv/share/status"))


class Canaries:
    """The canaries of one throw-away host; see the module."""

    def __init__(self, host: ThrowAwayHost) -> None:
        self._host = host
        self._helper: Process | None = None
        self._loop = ""
        self.secrets: dict[str, str] = {}
        self._files: dict[str, bytes] = {}
        self._log_at = 0

    def prepare(self) -> None:
        """Lay everything out. dockerd runs already; the host's users exist."""
        for folder in SECRET_IN:
            self._write(f"{folder.rstrip('/')}/canary", self._secret(f"file {folder.rstrip('/')}/canary") + "\n", 0o600)
        for folder in DECIDES_IN:
            self._write(f"{folder}/decides", "as root wants it\n", 0o644)
        self.reset_folders()
        for source, target in MOUNTS:
            self._host.path(target).mkdir(parents=True, exist_ok=True)
            self._host.run(["mount", "--rbind", source, target]).check_returncode()
        self._host.run(["ip", "link", "add", BRIDGE, "type", "bridge"])
        self._repair_bridge()
        self._listen()
        self._attach_device()

    def _secret(self, what: str) -> str:
        secret = f"secret{secrets.token_hex(8)}"
        self.secrets[secret] = what
        return secret

    def _write(self, path: str, text: str, mode: int) -> None:
        file = self._host.path(path)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        file.chmod(mode)
        if path.endswith("/decides"):
            self._files[path] = text.encode()

    def _listen(self) -> None:
        network = self._secret("a listener on the host's 127.0.0.1")
        argument = self._secret("a process of the host")
        sockets = [path % self._secret(f"socket in {PurePosixPath(path).parent}") for path in SOCKETS]
        script = (HERE / "listener.py").read_text()
        words = [REACHED, str(PORT), network, NOTIFY, STREAM, *sockets, argument]
        self._helper = helper = Process(self._host, "canaries", [sys.executable, "-c", script, *words])
        helper.wait_for(lambda: "ready" in helper.said())
        self._sockets = sockets

    def _attach_device(self) -> None:
        """A block device whose content is a secret. Where no loop device can be had, there is none."""
        self._write("/var/lib/disk.img", self._secret("a block device").ljust(1 << 16), 0o600)
        loop = self._host.run(["losetup", "--read-only", "--find", "--show", "/var/lib/disk.img"])
        self._loop = loop.stdout.strip()

    @property
    def device(self) -> str:
        """The block device; a name that does not exist where none can be had."""
        return self._loop or "/dev/loop99"

    def end(self) -> None:
        """Give back what outlives the throw-away host, the loop device, which belongs to the machine."""
        if self._loop:
            self._host.run(["losetup", "-d", self._loop])
        if self._helper is not None:
            self._helper.stop()

    def reset_folders(self) -> None:
        """Make the users' folders anew."""
        for path, _ in FOLDERS:
            folder = self._host.path(path)
            for entry in folder.iterdir() if folder.exists() else ():
                # A link is never followed: seen from here, it leads to the machine itself.
                entry.unlink() if entry.is_symlink() or not entry.is_dir() else shutil.rmtree(entry)
        for path, owner in FOLDERS:
            folder = self._host.path(path)
            folder.mkdir(parents=True, exist_ok=True)
            shutil.chown(folder, owner, owner)
        for path, target in LINKS:
            self._host.path(path).symlink_to(target)

    def list_for_look(self) -> str:
        """What `look` looks for below every mount: a line each, a kind and a path."""
        files = {("secret", f"{folder.rstrip('/')}/canary") for folder in SECRET_IN}
        files |= {("decides", f"{folder}/decides") for folder in DECIDES_IN} | {("decides", LOG)}
        files |= {("socket", path) for path in self._sockets}
        return "".join(f"{kind} {below}\n" for kind, below in sorted({x for f in files for x in _ends(*f)}))

    # -- who noticed what

    def secrets_in(self, output: str) -> set[str]:
        """Say which secrets stand in an output."""
        return {f"read: {what}" for secret, what in self.secrets.items() if secret in output}

    def noticed(self) -> set[str]:
        """Say what was changed or reached since the last call, and put it right again."""
        return {*self._changed(), *self._reached(), *self._network_changes()}

    def _changed(self) -> Iterator[str]:
        for path, content in self._files.items():
            file = self._host.path(path)
            if not file.exists() or file.read_bytes() != content:
                yield f"changed: {path}"
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_bytes(content)
        log = self._host.path(LOG)
        if self._log_at > (log.stat().st_size if log.exists() else 0):
            yield f"changed: {LOG}"
            self._log_at = 0
        if log.exists():
            with log.open("rb") as lines:
                lines.seek(self._log_at)
                new = lines.read()
            self._log_at += len(new)
            if f"{MARK}\n".encode() in new.splitlines(keepends=True):
                yield f"changed: {LOG}"

    def _reached(self) -> Iterator[str]:
        reached = self._host.path(REACHED)
        if reached.exists():
            yield from (f"reached: {line}" for line in reached.read_text().splitlines())
            reached.unlink()

    def _network_changes(self) -> Iterator[str]:
        lines = self._host.path("/proc/1/net/route").read_text().splitlines()[1:]
        routes = [(line.split()[0], _address(line.split()[1])) for line in lines]
        if (BRIDGE, "10.99.0.0") not in routes:
            yield f"changed: the address of {BRIDGE}"
            self._repair_bridge()
        for interface, address in routes:
            if not _is_private(address):
                yield f"changed: the host's route to {address} ({interface.split('-')[0]})"

    def _repair_bridge(self) -> None:
        self._host.run(["ip", "address", "flush", "dev", BRIDGE])
        self._host.run(["ip", "address", "add", BRIDGE_ADDRESS, "dev", BRIDGE])
        self._host.run(["ip", "link", "set", BRIDGE, "up"])


def _ends(kind: str, path: str) -> Iterator[tuple[str, str]]:
    """The path as it looks below each folder above it."""
    parts = PurePosixPath(path).parts[1:]
    return ((kind, "/".join(parts[start:])) for start in range(len(parts)))


def _address(hexadecimal: str) -> str:
    return ".".join(str(byte) for byte in reversed(bytes.fromhex(hexadecimal)))


def _is_private(address: str) -> bool:
    first, second = (int(part) for part in address.split(".")[:2])
    return first == 10 or (first == 172 and 16 <= second < 32) or (first == 192 and second == 168)
