"""A dockerd of its own on a throw-away host, guarded by the plugin of this checkout (or by any other command).

`with GuardedDocker() as docker:` starts dockerd unguarded, imports the images, makes a one-node swarm when asked,
starts the plugin and names it to dockerd as an operator would: in daemon.json, with a reload.
"""

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.e2e import refusals, tls
from tests.paths import ROOT
from tests.waiting import wait_until

from .dockerd import DOCKERD, Dockerd
from .host import Process
from .images import TAGS
from .rawhttp import exchange, render

NAME = "portero"
PLUGIN_SOCKET = f"/run/docker/plugins/{NAME}.sock"
LOG = "/var/log/portero-decisions.jsonl"
# Nothing of it is left where a package would have it.
STATE = "/run/portero-state/signed-versions.json"
CONTAINERS = "/containers/json?all=1"
# A daemon may listen anywhere, under any name: rules must find the second one too.
LISTENS = ("unix:///run/docker.sock", "unix:///srv/engine/api")
# What people's commands mount: harmless data, and what the rules are there to protect.
FOLDERS = ("/home/operator", "/home/alicia/.ssh", "/srv/data", "/srv/www", "/srv/app", "/srv/engine")


def serve(profile: str, *options: str) -> list[str]:
    """The command that starts this checkout's plugin."""
    return [
        *(sys.executable, "-m", "portero", "serve", "--socket", PLUGIN_SOCKET, "--profile", profile),
        *("--log", LOG, "--state", STATE, *(options or ("--host-root", "/"))),
    ]


def stub(answer: str, socket: str = PLUGIN_SOCKET) -> list[str]:
    """The command that starts a plugin which gives each request the same answer; see stub.py."""
    return ["env", f"PYTHONPATH={ROOT}", sys.executable, "-m", "tests.e2e.stub", socket, answer]


class GuardedDocker(Dockerd):
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
        super().__init__(engine)
        self.engine = engine
        self._plugin_command = serve(profile)
        self._swarm = swarm
        self._tls = tls
        self._daemon_config = daemon_config or {}
        self._plugin: Process | None = None

    def set_up(self) -> None:
        """Everything but the plugin first."""
        self.callback(self.stop_plugin)
        refusals.LOGS.append(self.host.path(LOG))
        self.shell(f"mkdir -p {' '.join(FOLDERS)}")
        if self._tls:
            tls.prepare(self.host)
        self.write_daemon_config()
        self._start_dockerd()
        self._import_images()
        if self._swarm:
            self.make_swarm()
        self.start_plugin()
        self.guard()

    # -- dockerd

    def _start_dockerd(self) -> None:
        self.run_dockerd([*DOCKERD, *(f"-H={at}" for at in LISTENS), *(tls.OPTIONS if self._tls else ())])

    def restart_dockerd(self) -> None:
        """End dockerd and start it again with the daemon.json that is there."""
        self.stop_dockerd()
        self._start_dockerd()

    def _import_images(self) -> None:
        self.import_busybox("busybox:latest", 'CMD ["sh"]')
        self.import_busybox("nginx:1.27", 'CMD ["sleep", "3600"]')
        for tag in {*TAGS} - {"nginx:1.27"}:
            repository, _, version = tag.rpartition(":")
            self.client.ask("POST", f"/images/busybox:latest/tag?repo={repository}&tag={version}")

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
        self.host.signal(self.dockerd.pid, "HUP")
        wait_until(lambda: self._reloads() > before, "dockerd did not take its new configuration")

    def write_daemon_config(self, more: Mapping[str, Any] | None = None) -> None:
        """Write daemon.json, with `more` over what it held at the start; dockerd is told nothing."""
        content = {**self._daemon_config, **(more or {})}
        self.write_json("/etc/docker/daemon.json", content)

    def _reloads(self) -> int:
        # GET /info goes on showing the plugins of the daemon's start, so its log is asked.
        return self.daemon_log().count("Reloaded configuration")

    # -- the plugin

    def start_plugin(self, command: Sequence[str] | None = None) -> None:
        """Start the plugin (this checkout's, unless another command is given) and wait until it answers."""
        self._running = [*(command if command is not None else self._plugin_command)]
        self._plugin = Process(self.host, "plugin", self._running)
        self._plugin.wait_for(self._activates)

    def _activates(self) -> bool:
        asked = render("POST", "/Plugin.Activate", [("Content-Length", "0")])
        return exchange(self.host.path(PLUGIN_SOCKET), asked).status == 200

    def stop_plugin(self, signal: str = "TERM") -> None:
        """Stop the plugin and wait until it is gone."""
        if self._plugin is not None and self._plugin.waiter.poll() is None:
            self._plugin.stop(signal)
            # The decider of a killed arbiter goes by itself, within seconds.
            wait_until(lambda: not self._activates(), "the plugin's decider did not end")

    @property
    def plugin_pid(self) -> int:
        """The plugin's pid on the throw-away host."""
        assert self._plugin is not None
        return self._plugin.pid

    @contextmanager
    def guarded_by(self, command: Sequence[str]) -> Iterator[None]:
        """Let another plugin answer for the length of a block, then one as before; of the same kind that one stays."""
        before = self._running
        self.replace_plugin(command)
        try:
            yield
        finally:
            if self._running != before:
                self.replace_plugin(before)

    def have_plugin(self, command: Sequence[str]) -> None:
        """Let the plugin of this command answer, unless it does: a start takes a second."""
        if self._running != [*command]:
            self.replace_plugin(command)

    def replace_plugin(self, command: Sequence[str]) -> None:
        """Stop the plugin and start another one in its place."""
        self.stop_plugin()
        self.start_plugin(command)

    # -- what a person would type

    def docker(self, *words: str, timeout: float = 60) -> "subprocess.CompletedProcess[str]":
        """Run the real docker command line."""
        return self.host.run(["docker", *words], timeout=timeout)

    def portero(self, *words: str, timeout: float = 60) -> "subprocess.CompletedProcess[str]":
        """Run a command of this checkout's portero."""
        return self.host.run([sys.executable, "-m", "portero", *words], timeout=timeout)

    def status(self) -> Any:
        """What the plugin tells `portero status`, whose start takes a third of a second of a processor."""
        return exchange(self.host.path(PLUGIN_SOCKET), render("GET", "/status", [])).json()

    def clear(self, *kept: str) -> None:
        """Remove all services, containers and volumes but those of these names."""
        get = self.client.get
        found = [(f"/services/{one['ID']}", [one["Spec"]["Name"]]) for one in (get("/services") if self._swarm else ())]
        found += [(f"/containers/{one['Id']}?force=1&v=1", one["Names"]) for one in get(CONTAINERS)]
        found += [(f"/volumes/{one['Name']}?force=1", [one["Name"]]) for one in get("/volumes")["Volumes"] or ()]
        for path, names in found:
            if not {name.removeprefix("/") for name in names} & {*kept}:
                self.client.ask("DELETE", path)

    def write_json(self, path: str, content: object) -> None:
        """Write a file of the throw-away host."""
        file = self.host.path(path)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(content))

    def log_size(self) -> int:
        """How long the decision log is now, for `decisions`."""
        path = self.host.path(LOG)
        return path.stat().st_size if path.exists() else 0

    def decisions(self, since: int = 0) -> list[dict[str, Any]]:
        """The lines that the decision log got since it was `since` bytes long."""
        path = self.host.path(LOG)
        written = path.read_bytes()[since:] if path.exists() else b""
        return [json.loads(line) for line in written.splitlines()]

    def decision(self, since: int, operation: str) -> dict[str, Any]:
        """The only one on such a request."""
        (line,) = [line for line in self.decisions(since) if line["operation"] == operation]
        return line

    @contextmanager
    def nothing_refused(self) -> Iterator[None]:
        """Whatever is asked in the block is judged, and allowed."""
        before = self.log_size()
        yield
        decisions = self.decisions(before)
        assert decisions, "dockerd did not ask the plugin"
        assert [decision for decision in decisions if not decision["allowed"]] == []

    def logs(self) -> str:
        """The ends of dockerd's and the plugin's own output, for a failed test's report."""
        plugin = self._plugin.said() if self._plugin else ""
        return f"--- dockerd\n{self.daemon_log()[-3000:]}\n--- plugin\n{plugin[-3000:]}"
