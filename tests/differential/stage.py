"""A dockerd on a throw-away host behind a plugin that records and allows, with a runc that runs nothing.

`with Stage(engine) as stage: stage.send("POST", "/containers/create", body)`. `engine`: a folder with another engine
(its programs in root/usr/bin and root/usr/sbin), None: the machine's own.
"""

import base64
import json
import shutil
import subprocess
import sys
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

from tests.e2e.host import ENVIRONMENT, ThrowAwayHost
from tests.e2e.images import busybox
from tests.e2e.rawhttp import Answer, Client, exchange, render
from tests.waiting import wait_until

HERE = Path(__file__).parent
RECORDED, SPANS, KEPT = "/run/recorded.jsonl", "/run/spans", "/run/kept"
SOCKET, PLUGIN = "/run/docker.sock", "/run/docker/plugins/recorder.sock"
IMAGE = "busybox:latest"
BASE = "base"  # a container that runs
OTHER = "other"  # a network
PORT = 4318
# Docker writes to disk and waits for it; in memory everything takes a tenth of the time.
_MEMORY = Path("/dev/shm")
DOCKERD = ("dockerd", "--iptables=false", "--ip6tables=false", "--experimental", "--shutdown-timeout=1")
FOLDERS = ("/srv/data", "/srv/app", "/srv/www/x", "/home/alicia", KEPT)
LINKS = {"/srv/link": "/etc", "/srv/data/up": "/srv/app"}


@dataclass(frozen=True, slots=True)
class Sent:
    """A request that was sent: dockerd's answer, and the AuthZReq that its plugin got; None: it was not asked."""

    answer: Answer
    asked: bytes | None


class Stage:
    """See the module."""

    def __init__(self, engine: Path | None = None, *, swarm: bool = True) -> None:
        self._engine = engine
        self._swarm = swarm
        self._number = 0
        self._read_at = {RECORDED: 0, SPANS: 0}
        self._recorded: dict[str, bytes] = {}

    def __enter__(self) -> "Stage":
        with ExitStack() as stack:
            self.host = stack.enter_context(ThrowAwayHost(_MEMORY if _MEMORY.is_dir() else None))
            self._lay_out()
            plugin = [sys.executable, str(HERE / "recorder.py"), PLUGIN, RECORDED, str(PORT), SPANS]
            stack.callback(self._end, self._start(plugin, "recorder"))
            stack.callback(self._end, self._start([*DOCKERD, f"-H=unix://{SOCKET}"], "dockerd"))
            self.client = Client(self.host.path(SOCKET))
            wait_until(lambda: self.client.ask("GET", "/_ping").status == 200, "dockerd does not answer")
            self._prepare()
            self.version: str = self.client.ask("GET", "/version").json()["Version"]
            self.engine = ".".join(self.version.split(".")[:2])
            self._stack = stack.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.__exit__(kind, error, trace)

    # -- the host

    def _path_variable(self) -> str:
        own = "" if self._engine is None else f"{self._engine}/root/usr/sbin:{self._engine}/root/usr/bin:"
        return f"/usr/local/standin:{own}{ENVIRONMENT['PATH']}"

    def _lay_out(self) -> None:
        for folder in FOLDERS:
            self.host.path(folder).mkdir(parents=True, exist_ok=True)
        for link, target in LINKS.items():
            self.host.path(link).symlink_to(target)
        real = shutil.which("runc", path=self._path_variable())
        standin = self.host.path("/usr/local/standin")
        standin.mkdir()
        (standin / "runc").write_text((HERE / "runc.sh").read_text().replace("@REAL@", str(real)))
        (standin / "runc").chmod(0o755)
        self.host.path("/etc/docker/daemon.json").write_text('{"authorization-plugins": ["recorder"]}')

    def _start(self, argv: list[str], name: str) -> "tuple[subprocess.Popen[bytes], str]":
        traces = {"OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{PORT}", "OTEL_BSP_SCHEDULE_DELAY": "200"}
        environment = {"PATH": self._path_variable(), **(traces if name == "dockerd" else {})}
        log = self.host.folder / f"{name}.log"
        line = ["sh", "-c", f'echo $$ > /run/{name}.pid; exec "$@"', "sh", *argv]
        process = self.host.start(line, log, environment)
        there = PLUGIN if name == "recorder" else SOCKET
        wait_until(lambda: process.poll() is not None or self.host.path(there).exists(), f"{name} does not start")
        if process.poll() is not None:
            raise RuntimeError(f"{name} ended: {log.read_text(errors='replace')[-3000:]}")
        return process, name

    def _end(self, started: "tuple[subprocess.Popen[bytes], str]") -> None:
        process, name = started
        if process.poll() is None:
            self.host.signal(int(self.host.path(f"/run/{name}.pid").read_text()), "TERM")
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                self.host.signal(int(self.host.path(f"/run/{name}.pid").read_text()), "KILL")
                process.wait(20)

    def _prepare(self) -> None:
        target = f"/images/create?fromSrc=-&repo=busybox&tag=latest&changes={'CMD%20sleep%203600'}"
        data = render("POST", target, [("Content-Type", "application/x-tar")], busybox())
        exchange(self.host.path(SOCKET), data, 60)
        if self._swarm:
            self._expect(
                self.client.ask("POST", "/swarm/init", {"ListenAddr": "127.0.0.1", "AdvertiseAddr": "127.0.0.1"})
            )
        self._expect(self.client.ask("POST", "/networks/create", {"Name": OTHER, "Driver": "bridge"}))
        body = {"Image": IMAGE, "Env": ["PORTERO_REAL=1"], "HostConfig": {"NetworkMode": "none"}, "Volumes": {"/v": {}}}
        self._expect(self.client.ask("POST", f"/containers/create?name={BASE}", body))
        self._expect(self.client.ask("POST", f"/containers/{BASE}/start"))

    def _expect(self, answer: Answer) -> None:
        if not 200 <= answer.status < 300:
            raise RuntimeError(f"the stage is not ready: {answer.status} {answer.message}")

    def log(self) -> str:
        """The end of dockerd's log."""
        return (self.host.folder / "dockerd.log").read_text(errors="replace")[-3000:]

    # -- requests

    def send(
        self, method: str, target: str, body: bytes, headers: Mapping[str, str] | None = None, timeout: float = 30
    ) -> Sent:
        """Send bytes as the JSON body of a request, and give what dockerd answered and asked its plugin."""
        self._number += 1
        case = str(self._number)
        every = {"Content-Type": "application/json", "X-Case": case, **(headers or {})}
        answer = exchange(self.host.path(SOCKET), render(method, target, [*every.items()], body), timeout)
        for line in self._new_lines(RECORDED):
            self._recorded[json.loads(line)["RequestHeaders"]["X-Case"]] = line
        return Sent(answer, self._recorded.pop(case, None))

    def spans(self) -> list[bytes]:
        """The traces that dockerd posted since the last call."""
        return [base64.b64decode(line) for line in self._new_lines(SPANS)]

    def _new_lines(self, file: str) -> list[bytes]:
        path = self.host.path(file)
        if not path.exists():
            return []
        with path.open("rb") as lines:
            lines.seek(self._read_at[file])
            new = lines.read()
        whole = new[: new.rfind(b"\n") + 1]
        self._read_at[file] += len(whole)
        return whole.splitlines()

    # -- what dockerd made of them

    def container(self, id: str) -> dict[str, Any]:
        """The files of a container: `config.v2.json` with `HostConfig` beside it."""
        folder = self.host.folder / "data" / "containers" / id
        config: dict[str, Any] = json.loads((folder / "config.v2.json").read_bytes())
        return {**config, "HostConfig": json.loads((folder / "hostconfig.json").read_bytes())}

    def inspect(self, path: str) -> Any:
        """What GET `path` shows."""
        return self.client.ask("GET", path).json()

    def kept(self, name: str) -> dict[str, Any] | None:
        """The OCI spec of a container, or the process of the last exec, that reached runc; None: none did."""
        path = self.host.path(f"{KEPT}/{name}.json")
        if not path.exists():
            return None
        document: dict[str, Any] = json.loads(path.read_bytes())
        path.unlink()
        return document

    def has_kept(self, name: str) -> bool:
        """Whether something of this name reached runc."""
        return self.host.path(f"{KEPT}/{name}.json").exists()

    def mounted(self, name: str) -> dict[str, tuple[str, str]]:
        """What the host had mounted when this container reached runc: folder of the file system and its type."""
        path = self.host.path(f"{KEPT}/{name}.mounts")
        if not path.exists():
            return {}
        lines = [line.split(" ") for line in path.read_text().splitlines()]
        path.unlink()
        return {fields[4]: (fields[3], fields[fields.index("-") + 1]) for fields in lines}
