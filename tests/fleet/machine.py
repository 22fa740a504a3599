"""Machines with a real systemd as process 1, joined by a network that leads nowhere else.

A machine is a throw-away layer over the root file system of this one, or over that in PORTERO_FLEET_ROOT. When the
block of the network ends, its machines end, and nothing of them is left.
"""

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from tests.e2e.conftest import give_up

BOOT = Path(__file__).with_name("boot.sh")
ROOT_FOLDER = Path(os.environ.get("PORTERO_FLEET_ROOT", "/"))
NEEDED = ("unshare", "nsenter", "ip", "dockerd", "docker", "docker-registry", "rsyslogd", "prometheus", "nginx")
# It holds the switch and the memory that the machines' layers are made of, until its input ends.
_SWITCH = """
set -e
mount --make-rprivate / && mount -t tmpfs -o mode=755 none "$1"
mkdir "$1/cgroup" && mount -t cgroup2 none "$1/cgroup"
ip link add fleet type bridge && ip link set fleet up && ip link set lo up
echo ready; read -r _ || true
# The last processes of a machine that was switched off are still on their way out.
groups=$1/cgroup/${1##*/}
for try in $(seq 100); do
  if [ ! -d "$groups" ] || find "$groups" -depth -type d -exec rmdir {} + 2>/dev/null; then exit 0; fi
  sleep 0.1
done
"""
# A machine has a control group of its own, and sees none above: what its systemd stops is nothing of another's.
_BOOT = """
mkdir -p "$1/cgroup/${1##*/}/$3" && echo 0 > "$1/cgroup/${1##*/}/$3/cgroup.procs"
unshare --net --mount --pid --uts --ipc --cgroup --fork --kill-child bash "$0" "$@" </dev/null &
# Switched off when the input ends, however the tests did: process 1 goes, and the kernel takes everything else.
read -r _ || true
{ kill -KILL $!; wait; } 2>/dev/null
"""
_ENVIRONMENT = {
    "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    "LANG": "C.UTF-8",
    "HOME": "/root",
}


def missing(root: Path = ROOT_FOLDER) -> str:
    """Say what the root file system in a folder lacks for a fleet; empty when it lacks nothing."""
    if os.geteuid() != 0:
        return "a fleet needs root"
    places = ":".join(f"{root}{folder}" for folder in ("/usr/sbin", "/usr/bin"))
    lacking = [name for name in NEEDED if shutil.which(name, path=places) is None]
    if not (root / "lib/systemd/systemd").exists():
        lacking.append("systemd")
    packages = (
        "apt-get install systemd dbus docker.io docker-cli docker-registry iproute2 nginx-light prometheus rsyslog-relp"
    )
    return f"{root}: a fleet lacks {', '.join(lacking)}: {packages}" if lacking else ""


class Network:
    """The network, and the folder of the machines' layers; `addresses`: of each machine by its name.

    `root`: the folder with the root file system that they are layers over.
    """

    def __init__(self, addresses: dict[str, str], root: Path = ROOT_FOLDER) -> None:
        self.addresses = addresses
        self.root = root

    def __enter__(self) -> "Network":
        """A test that cannot have it is skipped, or fails in CI."""
        if reason := missing(self.root):
            give_up(reason)
        with ExitStack() as stack:
            self.folder = Path(tempfile.mkdtemp(prefix="portero-fleet-"))
            stack.callback(shutil.rmtree, self.folder, ignore_errors=True)
            words = ["unshare", "--net", "--mount", "bash", "-c", _SWITCH, "switch", str(self.folder)]
            self._switch = _start(words)
            stack.callback(_end, self._switch)
            _await_ready(self._switch, "the network")
            hosts = "".join(f"{address} {name}\n" for name, address in self.addresses.items())
            self.path("hosts").write_text(hosts)
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def path(self, name: str) -> Path:
        """Where a name in the folder of layers can be read from outside."""
        return Path(f"/proc/{self._switch.pid}/root{self.folder}/{name}")

    def inside(self, words: Sequence[str]) -> list[str]:
        """The command that runs beside the switch, where all layers can be seen."""
        return ["nsenter", f"--target={self._switch.pid}", "--net", "--mount", "--", *words]

    def boot(self, name: str) -> "Machine":
        """Start a machine; it ends with the network."""
        words = ["bash", "-c", _BOOT, str(BOOT), str(self.folder), str(self.root), name]
        process = _start(self.inside(words))
        self._stack.callback(_end, process)
        _await_ready(process, name)
        machine = Machine(name, _child(_child(process.pid)), process)
        # Of a machine that was switched off the kernel may not have removed it yet.
        link = f"ip link delete {name} 2>/dev/null; ip link add {name} type veth peer name eth0 netns {machine.pid}"
        link = f"{link} && ip link set {name} master fleet up"
        subprocess.run(self.inside(["sh", "-c", link]), check=True, timeout=60)
        address = f"ip address add {self.addresses[name]}/24 dev eth0 && ip link set eth0 up"
        subprocess.run(machine.inside(["sh", "-c", address]), check=True, timeout=60)
        return machine


class Machine:
    """One machine; `pid`: of its process 1, seen from here."""

    def __init__(self, name: str, pid: int, process: "subprocess.Popen[str]") -> None:
        self.name, self.pid, self._process = name, pid, process

    def wait_until_booted(self) -> None:
        """Wait until systemd has started everything."""
        self.do(
            "until systemctl is-system-running --wait | grep -Eq 'running|degraded'; do sleep 0.2; done 2>/dev/null"
        )

    def power_off(self) -> None:
        """End it at once, as a power cut does; what it wrote is there when it boots again."""
        _end(self._process)
        while Path(f"/proc/{self.pid}").exists():
            time.sleep(0.1)

    def path(self, path: str) -> Path:
        """Where the machine's `path` (absolute) can be read from outside."""
        return Path(f"/proc/{self.pid}/root{path}")

    def inside(self, words: Sequence[str]) -> list[str]:
        """The command that runs on the machine."""
        spaces = ["--net", "--mount", "--pid", "--uts", "--ipc", "--cgroup"]
        return ["nsenter", f"--target={self.pid}", *spaces, "--wdns=/", "--", *words]

    def shell(self, command: str, *, timeout: float = 120) -> "subprocess.CompletedProcess[str]":
        """Type a command on the machine."""
        words = self.inside(["timeout", "--kill-after=1", str(timeout), "bash", "-c", command])
        return subprocess.run(
            words,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            env=_ENVIRONMENT,
            text=True,
            timeout=timeout + 20,
            check=False,
        )

    def do(self, command: str, *, timeout: float = 120) -> str:
        """Type a command that must go well; returns what it prints."""
        done = self.shell(command, timeout=timeout)
        if done.returncode != 0:
            raise RuntimeError(f"{self.name}: {command}\n{done.stdout}{done.stderr}exit status {done.returncode}")
        return done.stdout


@contextmanager
def boot_one() -> Iterator[Machine]:
    """A machine by itself."""
    with Network({"web1": "10.77.0.2"}) as network:
        yield network.boot("web1")


def _start(words: Sequence[str]) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        words,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=_ENVIRONMENT,
        text=True,
        start_new_session=True,  # an interrupt typed at the tests must not race with the tidy end
    )


def _await_ready(process: "subprocess.Popen[str]", what: str) -> None:
    assert process.stdout is not None
    if process.stdout.readline() != "ready\n":
        raise RuntimeError(f"{what} did not come up; look at what was printed above")


def _child(pid: int) -> int:
    """The only child of a process."""
    return int(Path(f"/proc/{pid}/task/{pid}/children").read_text().split()[0])


def _end(process: "subprocess.Popen[str]") -> None:
    """Close its input and wait; a second time it does nothing."""
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.close()
    process.wait(30)
    process.stdout.close()
