"""A dockerd of its own on a throw-away host, guarded by the plugin of this checkout (or by any other command).

`with GuardedDocker() as docker:` starts dockerd unguarded, imports the images, makes a one-node swarm when asked,
starts the plugin and names it to dockerd as an operator would: in daemon.json, with a reload.
"""

import json
import shlex
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any

from tests.waiting import wait_until

from . import refusals, tls
from .host import ThrowAwayHost
from .images import TAGS, busybox, import_image
from .rawhttp import Client, exchange, render

NAME = "portero"
PLUGIN_SOCKET = f"/run/docker/plugins/{NAME}.sock"
LOG = "/var/log/portero-decisions.jsonl"
# Without iptables: nothing outside can be reached anyway, and the machine's kernel may lack the modules.
DOCKERD = ("dockerd", "--iptables=false", "--ip6tables=false", "--experimental", "--shutdown-timeout=1")
# A daemon may listen anywhere, under any name: rules must find the second one too.
LISTENS = ("unix:///run/docker.sock", "unix:///srv/engine/api")
# What people's commands mount: harmless data, and what the rules are there to protect.
FOLDERS = ("/home/operator", "/home/alicia/.ssh", "/srv/data", "/srv/www", "/srv/app", "/srv/engine")


def serve(profile: str, *options: str) -> list[str]:
    """The command that starts this checkout's plugin."""
    return [
        *(sys.executable, "-m", "portero", "serve", "--socket", PLUGIN_SOCKET, "--profile", profile),
        *("--log", LOG, *(options or ("--host-root", "/"))),
    ]


class GuardedDocker:
    """dockerd and its plugin; see the module. `daemon_config`: what daemon.json holds beside the plugin.

    `engine`: the folder of another engine than the machine's own, and than PORTERO_E2E_ENGINE.
    """

    def __init__(
        self,
        *,
        profile: str = "baseline",
        swarm: bool = False,
        tls: bool = False,
        daemon_config: Mapping[str, Any] | None = None,
        engine: Path | None = None,
    ) -> None:
        self.engine = engine
        self._plugin_command = serve(profile)
        self._swarm = swarm
        self._tls = tls
        self._daemon_config = daemon_config or {}
        self._dockerd: subprocess.Popen[bytes] | None = None
        self._plugin: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> "GuardedDocker":
        with ExitStack() as stack:
            self.host = stack.enter_context(ThrowAwayHost(engine=self.engine))
            stack.callback(self.stop_plugin)
            stack.callback(self._stop_dockerd)
            refusals.LOGS.append(self.host.path(LOG))
            self.socket = self.host.path("/run/docker.sock")
            self.client = Client(self.socket)
            self._start_dockerd()
            self._prepare()
            self.start_plugin()
            self.guard()
            self._stack = stack.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.__exit__(kind, error, trace)

    # -- dockerd

    def _start_dockerd(self) -> None:
        self._dockerd_log = self.host.folder / "dockerd.log"
        self.shell(f"mkdir -p {' '.join(FOLDERS)}")
        if self._tls:
            tls.prepare(self.host)
        self.write_daemon_config()
        self._run_dockerd()

    def _run_dockerd(self) -> None:
        argv = [*DOCKERD, *(f"-H={at}" for at in LISTENS), *(tls.OPTIONS if self._tls else ())]
        self._dockerd = self.host.start(argv, self._dockerd_log)
        self._await(self._dockerd, lambda: self.client.ask("GET", "/_ping").status == 200, self._dockerd_log)

    def restart_dockerd(self) -> None:
        """End dockerd and start it again with the daemon.json that is there."""
        self._stop_dockerd()
        self._run_dockerd()

    def _stop_dockerd(self) -> None:
        if self._dockerd is not None and self._dockerd.poll() is None:
            self.host.signal(self._pid("/run/docker.pid"), "TERM")
            try:
                self._dockerd.wait(30)
            except subprocess.TimeoutExpired:  # after attacks that had their effect
                self.host.signal(self._pid("/run/docker.pid"), "KILL")
                self._dockerd.wait(30)

    def _prepare(self) -> None:
        data = busybox()
        import_image(self.socket, "busybox:latest", data, "sh")
        import_image(self.socket, "nginx:1.27", data, "sleep 3600")
        for tag in TAGS:
            if tag != "nginx:1.27":
                repository, _, version = tag.rpartition(":")
                self.client.ask("POST", f"/images/busybox:latest/tag?repo={repository}&tag={version}")
        if self._swarm:
            answer = self.client.ask("POST", "/swarm/init", {"ListenAddr": "127.0.0.1", "AdvertiseAddr": "127.0.0.1"})
            if answer.status != 200:
                raise RuntimeError(f"no swarm: {answer.message}")

    def guard(self, *others: str) -> None:
        """Name the plugin, and others to be asked after it, to dockerd: in daemon.json and with a reload."""
        self._configure([NAME, *others])

    def unguard(self) -> None:
        """Take the plugin's name out of daemon.json again, as only root on the host can."""
        self._configure([])

    def _configure(self, plugins: list[str]) -> None:
        self.write_daemon_config({"authorization-plugins": plugins})
        self.reload()

    def reload(self) -> None:
        """Let dockerd take what it takes of daemon.json without a restart."""
        before = self._reloads()
        self.host.signal(self._pid("/run/docker.pid"), "HUP")
        wait_until(lambda: self._reloads() > before, "dockerd did not take its new configuration")

    def write_daemon_config(self, more: Mapping[str, Any] | None = None) -> None:
        """Write daemon.json, with `more` over what it held at the start; dockerd is told nothing."""
        content = {**self._daemon_config, **(more or {})}
        self.host.path("/etc/docker/daemon.json").write_text(json.dumps(content))

    def _reloads(self) -> int:
        # GET /info goes on showing the plugins of the daemon's start, so its log is asked.
        return self.daemon_log().count("Reloaded configuration")

    def daemon_log(self) -> str:
        """All that dockerd has said so far."""
        return self._dockerd_log.read_text(errors="replace")

    # -- the plugin

    def start_plugin(self, command: Sequence[str] | None = None) -> None:
        """Start the plugin (this checkout's, unless another command is given) and wait until it answers."""
        self._plugin_log = self.host.folder / "plugin.log"
        self._running = [*(command if command is not None else self._plugin_command)]
        line = shlex.join(self._running)
        argv = ["sh", "-c", f"echo $$ > /run/plugin.pid; exec {line}"]
        self._plugin = self.host.start(argv, self._plugin_log)
        self._await(self._plugin, self._activates, self._plugin_log)

    def _activates(self) -> bool:
        asked = render("POST", "/Plugin.Activate", [("Content-Length", "0")])
        return exchange(self.host.path(PLUGIN_SOCKET), asked).status == 200

    def stop_plugin(self, signal: str = "TERM") -> None:
        """Stop the plugin and wait until it is gone."""
        if self._plugin is not None and self._plugin.poll() is None:
            self.host.signal(self.plugin_pid, signal)
            self._plugin.wait(30)
            # Workers of a killed master go by themselves, within seconds.
            wait_until(lambda: not self._activates(), "the plugin's workers did not end")

    @property
    def plugin_pid(self) -> int:
        """The plugin's pid on the throw-away host."""
        return self._pid("/run/plugin.pid")

    @contextmanager
    def guarded_by(self, command: Sequence[str]) -> Iterator[None]:
        """Let another plugin answer for the length of a block, then the one before it again."""
        before = self._running
        self.replace_plugin(command)
        try:
            yield
        finally:
            self.replace_plugin(before)

    def replace_plugin(self, command: Sequence[str]) -> None:
        """Stop the plugin and start another one in its place."""
        self.stop_plugin()
        self.start_plugin(command)

    # -- what a person would type

    def shell(
        self, command: str, *, timeout: float = 60, cwd: str = "/", stdin: bytes | None = None
    ) -> "subprocess.CompletedProcess[str]":
        """Type a command on the throw-away host."""
        return self.host.run(["bash", "-c", command], timeout=timeout, cwd=cwd, stdin=stdin)

    def docker(self, *words: str, timeout: float = 60) -> "subprocess.CompletedProcess[str]":
        """Run the real docker command line."""
        return self.host.run(["docker", *words], timeout=timeout)

    def log_size(self) -> int:
        """How long the decision log is now, for `decisions`."""
        path = self.host.path(LOG)
        return path.stat().st_size if path.exists() else 0

    def decisions(self, since: int = 0) -> list[dict[str, Any]]:
        """The lines that the decision log got since it was `since` bytes long."""
        path = self.host.path(LOG)
        written = path.read_bytes()[since:] if path.exists() else b""
        return [json.loads(line) for line in written.splitlines()]

    def logs(self) -> str:
        """The ends of dockerd's and the plugin's own output, for a failed test's report."""
        files = (self._dockerd_log, self.host.folder / "plugin.log")
        return "\n".join(f"--- {file.name}\n{_end(file)}" for file in files)

    def _pid(self, path: str) -> int:
        return int(self.host.path(path).read_text())

    def _await(self, process: "subprocess.Popen[bytes]", up: Callable[[], bool], log: Path) -> None:
        def up_or_gone() -> bool:
            if process.poll() is not None:
                raise RuntimeError(f"{log.stem} ended with status {process.returncode}:\n{_end(log)}")
            return up()

        wait_until(up_or_gone, f"{log.stem} did not come up")


def _end(log: Path) -> str:
    return log.read_text(errors="replace")[-3000:] if log.exists() else "(nothing)"
