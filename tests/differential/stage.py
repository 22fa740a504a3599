"""A dockerd on a throw-away host behind a plugin that records and allows, with a runc that runs nothing.

`with Stage(engine) as stage: stage.send("POST", "/containers/create", body)`. `engine`: a folder with another engine
(its programs in root/usr/bin and root/usr/sbin), None: the machine's own.
"""

import base64
import json
import shutil
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.e2e.dockerd import DOCKERD, Dockerd
from tests.e2e.engine import search_path
from tests.e2e.host import Process
from tests.e2e.rawhttp import Answer, exchange, render
from tests.paths import ROOT

HERE = Path(__file__).parent
RECORDED, SPANS, KEPT = "/run/recorded.jsonl", "/run/spans", "/run/kept"
PLUGIN = "/run/docker/plugins/recorder.sock"
IMAGE = "busybox:latest"
BASE = "base"  # a container that runs
OTHER = "other"  # a network
PORT = 4318
# Docker writes to disk and waits for it; in memory everything takes a tenth of the time.
_MEMORY = Path("/dev/shm")
FOLDERS = ("/srv/data", "/srv/app", "/srv/www/x", "/home/alicia", KEPT)
LINKS = {"/srv/link": "/etc", "/srv/data/up": "/srv/app"}


@dataclass(frozen=True, slots=True)
class Sent:
    """A request that was sent: dockerd's answer, and the AuthZReq that its plugin got; None: it was not asked."""

    answer: Answer
    asked: bytes | None


class Stage(Dockerd):
    """See the module."""

    def __init__(self, engine: Path | None = None, *, swarm: bool = True) -> None:
        super().__init__(engine, _MEMORY if _MEMORY.is_dir() else None)
        self._path = f"/usr/local/standin:{search_path(engine)}"
        self._swarm = swarm
        self._number = 0
        self._read_at = {RECORDED: 0, SPANS: 0}
        self._recorded: dict[str, bytes] = {}

    def set_up(self) -> None:
        """The plugin is there before dockerd, which names it from its start on."""
        self._lay_out()
        words = [sys.executable, "-m", "tests.differential.recorder", PLUGIN, RECORDED, str(PORT), SPANS]
        plugin = Process(self.host, "recorder", words, {"PYTHONPATH": str(ROOT)})
        self.callback(plugin.stop)
        plugin.wait_for(self.host.path(PLUGIN).exists)
        traces = {"OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{PORT}", "OTEL_BSP_SCHEDULE_DELAY": "200"}
        self.run_dockerd([*DOCKERD, f"-H=unix://{self.SOCKET}"], {"PATH": self._path, **traces})
        self._prepare()
        self.version: str = self.client.ask("GET", "/version").json()["Version"]
        self.engine = ".".join(self.version.split(".")[:2])

    # -- the host

    def _lay_out(self) -> None:
        for folder in FOLDERS:
            self.host.path(folder).mkdir(parents=True, exist_ok=True)
        for link, target in LINKS.items():
            self.host.path(link).symlink_to(target)
        real = shutil.which("runc", path=self._path)
        standin = self.host.path("/usr/local/standin")
        standin.mkdir()
        (standin / "runc").write_text((HERE / "runc.sh").read_text().replace("@REAL@", str(real)))
        (standin / "runc").chmod(0o755)
        self.host.path("/etc/docker/daemon.json").write_text('{"authorization-plugins": ["recorder"]}')

    def _prepare(self) -> None:
        self.import_busybox(IMAGE, "CMD sleep 3600")
        if self._swarm:
            self.make_swarm()
        self._expect(self.client.ask("POST", "/networks/create", {"Name": OTHER, "Driver": "bridge"}))
        body = {"Image": IMAGE, "Env": ["PORTERO_REAL=1"], "HostConfig": {"NetworkMode": "none"}, "Volumes": {"/v": {}}}
        self._expect(self.client.ask("POST", f"/containers/create?name={BASE}", body))
        self._expect(self.client.ask("POST", f"/containers/{BASE}/start"))

    def _expect(self, answer: Answer) -> None:
        if not 200 <= answer.status < 300:
            raise RuntimeError(f"the stage is not ready: {answer.status} {answer.message}")

    # -- requests

    def send(
        self, method: str, target: str, body: bytes, headers: Mapping[str, str] | None = None, timeout: float = 30
    ) -> Sent:
        """Send bytes as the JSON body of a request, and give what dockerd answered and asked its plugin."""
        self._number += 1
        case = str(self._number)
        every = {"Content-Type": "application/json", "X-Case": case, **(headers or {})}
        answer = exchange(self.socket, render(method, target, [*every.items()], body), timeout)
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
