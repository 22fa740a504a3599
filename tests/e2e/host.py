"""A throw-away host: own processes, mounts and network, the machine's files behind a layer that forgets every change.

In comes nothing but the wish; out comes a place to start processes in. When the block ends, everything in it ends.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from tests.paths import ROOT
from tests.waiting import wait_until

from .engine import chosen_engine, find_cli_plugins, missing_engine, search_path

REPOSITORY = ROOT
INIT = Path(__file__).with_name("throwaway.sh")
NEEDED = (
    *("dockerd", "docker", "docker-compose", "containerd", "busybox", "ip"),
    *("unshare", "nsenter", "curl", "openssl", "script", "pkill"),
)
# Nothing of the caller's environment changes what a command does: no DOCKER_HOST, no proxy, no client configuration.
ENVIRONMENT = {
    "PATH": search_path(None),
    "HOME": "/home/operator",
    "LANG": "C.UTF-8",
    "PYTHONPATH": str(REPOSITORY / "plugin"),
}


def missing(engine: Path | None = None) -> str:
    """Say what this machine lacks for a throw-away host, in one sentence; empty when it lacks nothing.

    `engine`: the folder of another engine than the machine's own, and than PORTERO_E2E_ENGINE.
    """
    reasons = []
    if sys.platform != "linux" or os.geteuid() != 0:
        reasons.append("needs root on Linux")
    if reason := missing_engine(engine or chosen_engine()):
        return reason
    path = search_path(engine or chosen_engine())
    if lacking := [name for name in NEEDED if shutil.which(name, path=path) is None]:
        packages = "docker.io docker-cli docker-compose busybox-static iproute2 curl openssl procps"
        reasons.append(f"lacks {', '.join(lacking)}: apt-get install {packages}")
    return f"a throw-away dockerd {', and '.join(reasons)}" if reasons else ""


class ThrowAwayHost:
    """Processes started here see each other, a root file system of their own, a loopback network, and nothing else.

    `parent`: where its folder is made, with Docker's data in it; None: the usual one for temporary files. `engine`: the
    folder of another engine than the machine's own, and than PORTERO_E2E_ENGINE.
    """

    def __init__(self, parent: Path | None = None, engine: Path | None = None) -> None:
        self._parent = parent
        self._engine = engine or chosen_engine()
        self._environment = {**ENVIRONMENT, "PATH": search_path(self._engine)}

    def __enter__(self) -> "ThrowAwayHost":
        self.folder = Path(tempfile.mkdtemp(prefix="portero-host-", dir=self._parent))
        self.folder.chmod(0o755)
        self._init = subprocess.Popen(
            ["unshare", "--net", "--mount", "--pid", "--fork", "bash", str(INIT), str(self.folder)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=ENVIRONMENT,
            text=True,
            start_new_session=True,  # an interrupt typed at the tests must not race with the tidy end
        )
        try:
            self._pid = self._wait_until_ready()
        except BaseException:
            self.__exit__()
            raise
        if plugins := find_cli_plugins(self._engine):
            found = "/usr/local/libexec/docker/cli-plugins"
            self.run(["bash", "-c", f"mkdir -p $(dirname {found}) && ln -sT {plugins} {found}"])
        return self

    def _wait_until_ready(self) -> int:
        assert self._init.stdout is not None
        said = self._init.stdout.readline()
        if said != "ready\n":
            raise RuntimeError("the throw-away host did not come up; look at what throwaway.sh said above")
        return int(Path(f"/proc/{self._init.pid}/task/{self._init.pid}/children").read_text().split()[0])

    def __exit__(self, *_: object) -> None:
        assert self._init.stdin is not None
        assert self._init.stdout is not None
        self._init.stdin.close()  # process 1 ends, and the kernel ends the rest and unmounts everything
        self._init.wait(30)
        self._init.stdout.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def path(self, path: str) -> Path:
        """Where the throw-away host's `path` (absolute) can be read from outside."""
        return Path(f"/proc/{self._pid}/root{path}")

    def inside(self, argv: Sequence[str]) -> list[str]:
        """Give the command that runs `argv` on the throw-away host."""
        return ["nsenter", f"--target={self._pid}", "--net", "--mount", "--pid", "--", *argv]

    def start(
        self, argv: Sequence[str], log: Path, environment: Mapping[str, str] | None = None
    ) -> "subprocess.Popen[bytes]":
        """Start a process that stays. The returned process is its waiter: stop it with `signal`, by its inner pid."""
        with log.open("ab") as output:
            return subprocess.Popen(
                self.inside(argv),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env={**self._environment, **(environment or {})},
                start_new_session=True,
            )

    @contextmanager
    def running(self, name: str, argv: Sequence[str], up: Callable[[], object] = lambda: True) -> "Iterator[Process]":
        """A process for the length of a block, which begins when the process is `up`."""
        process = Process(self, name, argv)
        try:
            process.wait_for(up)
            yield process
        finally:
            process.stop()

    def run(
        self, argv: Sequence[str], *, stdin: bytes | None = None, timeout: float = 60, cwd: str = "/"
    ) -> "subprocess.CompletedProcess[str]":
        """Run a command to its end, or kill it after `timeout` (then its exit status is 124 or 137)."""
        bounded = ["timeout", "--kill-after=1", str(timeout), *argv]
        done = subprocess.run(
            self.inside(["env", f"--chdir={cwd}", *bounded]),
            input=stdin if stdin is not None else b"",
            capture_output=True,
            env=self._environment,
            timeout=timeout + 10,
            check=False,
        )
        return subprocess.CompletedProcess(
            list(argv), done.returncode, done.stdout.decode(errors="replace"), done.stderr.decode(errors="replace")
        )

    def signal(self, pid: int, name: str) -> None:
        """Send the signal `name` to the process that has this pid on the throw-away host."""
        # The shell's own: the program kill belongs to procps, which a small machine lacks.
        self.run(["sh", "-c", 'kill -"$0" "$1"', name, str(pid)])

    def children(self, pid: int) -> list[int]:
        """The pids, on the throw-away host, of the processes that `pid` started."""
        return [int(word) for word in self.path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


class Process:
    """A process of a throw-away host that stays. On the host, /run/NAME.pid has its pid."""

    def __init__(
        self, host: ThrowAwayHost, name: str, argv: Sequence[str], environment: Mapping[str, str] | None = None
    ) -> None:
        self._host = host
        self._name = name
        self._log = host.folder / f"{name}.log"
        line = ["sh", "-c", f'echo $$ > /run/{name}.pid; exec "$@"', "sh", *argv]
        self.waiter = host.start(line, self._log, environment)

    @property
    def pid(self) -> int:
        """Its pid on the throw-away host."""
        return int(self._host.path(f"/run/{self._name}.pid").read_text())

    def said(self) -> str:
        """All that it has printed so far, and those of its name before it."""
        return self._log.read_text(errors="replace") if self._log.exists() else ""

    def wait_for(self, up: Callable[[], object]) -> None:
        """Wait until it is `up`; RuntimeError when it ends instead."""

        def up_or_gone() -> object:
            if self.waiter.poll() is not None:
                raise RuntimeError(f"{self._name} ended with status {self.waiter.returncode}:\n{self.said()[-3000:]}")
            return up()

        wait_until(up_or_gone, f"{self._name} did not come up")

    def stop(self, signal: str = "TERM") -> None:
        """End it, if it has not ended by itself."""
        if self.waiter.poll() is None:
            self._host.signal(self.pid, signal)
            self.waiter.wait(30)
