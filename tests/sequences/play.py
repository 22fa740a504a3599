"""Plays a sequence against the daemon of a `Stage` and says which canaries noticed it."""

import contextlib
import socket
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence, Set
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import quote, urlencode

from tests.e2e.guarded import GuardedDocker
from tests.e2e.images import archive
from tests.e2e.passing import Receiver
from tests.e2e.rawhttp import Answer, Client, exchange, render

from .canaries import MARK, Canaries
from .steps import Piece, Step
from .stub_plugin import StubPlugin

USERS = {"alicia": 1000, "bruno": 1001}
# What satisfies hardened, so that only the pieces of a step decide.
LIMITS = "-m 64m --memory-swap 64m --cpus 1 --pids-limit 64 --ulimit nofile=1024:2048"
CONTAINER: dict[str, Any] = {
    "HostConfig": {
        "Memory": 1 << 26,
        "MemorySwap": 1 << 26,
        "NanoCpus": 10**9,
        "PidsLimit": 64,
        "Ulimits": [{"Name": "nofile", "Soft": 1024, "Hard": 2048}],
    }
}
SERVICE: dict[str, Any] = {
    "TaskTemplate": {
        "ContainerSpec": {"Ulimits": [{"Name": "nofile", "Soft": 1024, "Hard": 2048}]},
        "Resources": {"Limits": {"NanoCPUs": 10**9, "MemoryBytes": 1 << 26, "Pids": 64}, "SwapBytes": 0},
        "RestartPolicy": {"Condition": "none"},
    }
}
# An image that a sequence may use or replace: everything else is deleted after it.
KEPT_IMAGES = frozenset({"registry.example.com/team/app:1", "registry.example.com/team/data:1"})
LOOK_SECONDS = 3.0
# Swarm needs a while for a task on a busy machine.
TASK_SECONDS = 10.0
STAYING = b"staying\n"
PLUGIN_LOADED = "loaded: a container's socket as a plugin of dockerd"


@dataclass(frozen=True, slots=True)
class Played:
    """What came of a sequence: `ways` to the host that canaries noticed, and an answer for each step."""

    ways: frozenset[str]
    answers: tuple[str, ...]


def _fill(step: Step, *bodies: Mapping[str, Any]) -> dict[str, Any]:
    return replace(step, pieces=[*(Piece("", body) for body in bodies), *step.pieces]).body()


# The steps that are one request, and what others begin with: its method, target and body.
REQUESTS: Mapping[str, Callable[[Step], tuple[str, str, Any]]] = {
    "create": lambda step: (
        *("POST", f"/containers/create?name={step.name}"),
        _fill(step, CONTAINER, {"Image": step.image, "Cmd": ["sh", "-c", step.text]}),
    ),
    "start": lambda step: ("POST", f"/containers/{step.name}/start", None),
    "restart": lambda step: ("POST", f"/containers/{step.name}/restart?t=0", None),
    "stop": lambda step: ("POST", f"/containers/{step.name}/stop?t=0", None),
    "exec": lambda step: (
        *("POST", f"/containers/{step.name}/exec"),
        {"Cmd": ["sh", "-c", step.text], "AttachStdout": True, "AttachStderr": True, **step.body()},
    ),
    "rename": lambda step: ("POST", f"/containers/{step.name}/rename?name={step.text}", None),
    "copy-out": lambda step: ("GET", f"/containers/{step.name}/archive?path={quote(step.text)}", None),
    "commit": lambda step: (
        *("POST", "/commit?" + urlencode({"container": step.name, "repo": step.text, "tag": "1", **step.body()}, True)),
        None,
    ),
    "remove": lambda step: ("DELETE", f"/containers/{step.name}?force=1", None),
    "update": lambda step: ("POST", f"/containers/{step.name}/update", step.body()),
    "checkpoint": lambda step: (
        *("POST", f"/containers/{step.name}/checkpoints"),
        {"CheckpointID": step.text, **step.body()},
    ),
    "volume": lambda step: ("POST", "/volumes/create", {"Name": step.name, **step.body()}),
    "remove-volume": lambda step: ("DELETE", f"/volumes/{step.name}", None),
    "network": lambda step: ("POST", "/networks/create", {"Name": step.name, **step.body()}),
    "connect": lambda step: ("POST", f"/networks/{step.text}/connect", {"Container": step.name, **step.body()}),
    "service": lambda step: (
        *("POST", "/services/create"),
        _fill(
            *(step, SERVICE, {"Name": step.name}),
            {"TaskTemplate": {"ContainerSpec": {"Image": step.image, "Command": ["sh", "-c", step.text]}}},
        ),
    ),
    "request": lambda step: (step.name, step.text, step.body() or None),
}


class Player:
    """Plays one sequence at a time and cleans up after each."""

    def __init__(self, docker: GuardedDocker, canaries: Canaries) -> None:
        self._docker = docker
        self._canaries = canaries
        self._plugins: list[StubPlugin] = []
        self._receivers: dict[str, Receiver] = {}
        self._output: list[bytes] = []
        self._stay: set[str] = set()  # containers whose program stays
        self._patient = Client(docker.socket, LOOK_SECONDS)

    def play(self, steps: Sequence[Step]) -> Played:
        """Do the steps one after the other, whatever each is answered."""
        self._output = []
        self._stay = set()
        self._canaries.reset_folders()
        self._canaries.noticed()  # what dockerd goes on with of an earlier sequence: a log driver that reconnects
        loaded = False
        try:
            answers = [self._do(step) for step in steps]
            self._read_logs()
            ways = self._canaries.secrets_in(b"\n".join(self._output).decode(errors="replace"))
            ways |= self._canaries.noticed()
            loaded = any(plugin.calls for plugin in self._plugins)
            if loaded:
                ways.add(PLUGIN_LOADED)
            return Played(frozenset(ways), tuple(answers))
        finally:
            self._remove_containers()
            for receiver in self._receivers.values():
                receiver.end()
            self._receivers = {}
            if not loaded:  # such a daemon is thrown away, and until then its plugin has to answer
                self._clean()
                self.end()

    def end(self) -> None:
        """Stop the plugins that containers serve."""
        for plugin in self._plugins:
            plugin.end()
        self._plugins = []

    def _do(self, step: Step) -> str:
        do = getattr(self, "_" + step.kind.replace("-", "_"), self._request)
        answer = do(step)
        if isinstance(answer, Answer):
            self._output.append(answer.body)
            return f"{answer.status} {answer.message if answer.status >= 400 else ''}".strip()
        return str(answer)

    def _request(self, step: Step, kind: str = "") -> Answer:
        method, target, body = REQUESTS[kind or step.kind](step)
        return self._docker.client.ask(method, (f"/v{step.version}" if step.version else "") + target, body)

    # -- containers

    def _create(self, step: Step) -> Answer:
        answer = self._request(step, "create")
        if answer.status == 201 and "staying" in step.text:
            self._stay.add(step.name)
        return answer

    def _run(self, step: Step) -> Answer:
        created = self._create(step)
        return self._start(step) if created.status == 201 else created

    def _restart(self, step: Step) -> Answer:
        return self._start(step, "restart")

    def _start(self, step: Step, kind: str = "start") -> Answer:
        looks = self._log_of(step.name).count(STAYING) if step.name in self._stay else 0
        answer = self._request(step, kind)
        if answer.status == 204:
            self._await_look(step.name, looks)
        return answer

    def _await_look(self, name: str, before: int) -> None:
        """Wait until a container has looked once more than `before`, or it and its restarts are over; not for ever."""
        if name not in self._stay:
            self._patient.ask("POST", f"/containers/{name}/wait")
            self._await_restarts(name)
            return
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(LOOK_SECONDS)
            connection.connect(str(self._docker.socket))
            connection.sendall(render("GET", f"/containers/{name}/logs?stdout=1&stderr=1&follow=1"))
            received = b""
            with contextlib.suppress(TimeoutError):
                while received.count(STAYING) <= before and (piece := connection.recv(65536)):
                    received += piece

    def _await_restarts(self, name: str) -> None:
        end = time.monotonic() + LOOK_SECONDS
        while time.monotonic() < end:
            state = (self._docker.client.ask("GET", f"/containers/{name}/json").json() or {}).get("State", {})
            if state.get("Status") not in ("running", "restarting"):
                return
            time.sleep(0.05)

    def _log_of(self, name: str) -> bytes:
        return self._docker.client.ask("GET", f"/containers/{name}/logs?stdout=1&stderr=1").body

    def _exec(self, step: Step) -> Answer:
        created = self._request(step)
        if created.status != 201:
            return created
        version = f"/v{step.version}" if step.version else ""
        return self._docker.client.ask("POST", f"{version}/exec/{created.json()['Id']}/start", {"Detach": False})

    def _copy_in(self, step: Step) -> Answer:
        data = archive({"decides": MARK.encode()})
        target = f"/containers/{step.name}/archive?path={quote(step.text)}"
        return self._send(step, "PUT", target, data)

    def _send(self, step: Step, method: str, target: str, data: bytes) -> Answer:
        version = f"/v{step.version}" if step.version else ""
        request = render(method, version + target, [("Content-Type", "application/x-tar")], data)
        return exchange(self._docker.socket, request, 20)

    def _rename(self, step: Step) -> Answer:
        answer = self._request(step)
        if answer.status == 204 and step.name in self._stay:
            self._stay = {*self._stay - {step.name}, step.text}
        return answer

    def _listen(self, step: Step) -> str:
        state = (self._docker.client.ask("GET", f"/containers/{step.name}/json").json() or {}).get("State", {})
        if not state.get("Running"):
            return "not running"
        try:
            root = self._docker.host.path(f"/proc/{state['Pid']}/root")
            self._plugins.append(StubPlugin(root, step.text))
        except OSError as error:
            return f"does not listen: {error.strerror}"
        return "listens"

    def _pass(self, step: Step) -> str:
        folder, meeting, container, path = step.text.split()
        try:
            if container not in self._receivers:
                self._receivers[container] = Receiver(self._docker, container, f"{path}/passed.sock")
            return self._receivers[container].take(step.name, folder, f"{meeting}/passed.sock")
        except OSError as error:
            return f"passes nothing on: {error}"

    def _swap_held(self, step: Step) -> str:
        try:
            return self._receivers[step.name].swap(*step.text.split())
        except (OSError, KeyError) as error:
            return f"has no descriptor: {error}"

    # -- everything else

    def _tag(self, step: Step) -> Answer:
        repository, _, tag = step.text.rpartition(":")
        answer = self._docker.client.ask("POST", f"/images/{step.name}/tag?repo={repository}&tag={tag}")
        self._await_task(frozenset({"complete"}))
        return answer

    def _service(self, step: Step) -> Answer:
        answer = self._request(step)
        if answer.status == 201:
            self._await_task(frozenset({"complete", "failed", "rejected"}))
        return answer

    def _await_task(self, ends: Set[str]) -> None:
        """Wait until a task of each service has ended so; not for ever."""
        end = time.monotonic() + TASK_SECONDS
        waiting = {service["ID"] for service in self._docker.client.ask("GET", "/services").json() or ()}
        while waiting and time.monotonic() < end:
            tasks = self._docker.client.ask("GET", "/tasks").json() or []
            waiting -= {task["ServiceID"] for task in tasks if task["Status"]["State"] in ends}
            time.sleep(0.05)

    def _build(self, step: Step) -> Answer:
        target = f"/build?{urlencode(step.body(), doseq=True)}"
        return self._send(step, "POST", target, archive({"Dockerfile": step.text.encode()}))

    def _swap(self, step: Step) -> str:
        folder = self._docker.host.path(step.name)
        uid = USERS[step.user]
        done = subprocess.run(
            ["sh", "-c", 'mv "$1" "$1.old" && ln -s "$2" "$1"', "sh", folder.name, step.text],
            cwd=folder.parent,
            user=uid,
            group=uid,
            extra_groups=(),
            capture_output=True,
            text=True,
            check=False,
        )
        return "swapped" if done.returncode == 0 else done.stderr.strip()

    # -- the end of a sequence

    def _read_logs(self) -> None:
        for container in self._docker.client.ask("GET", "/containers/json?all=1").json() or ():
            self._output.append(self._log_of(container["Id"]))

    def _remove_containers(self) -> None:
        ask = self._docker.client.ask
        for service in ask("GET", "/services").json() or ():
            ask("DELETE", f"/services/{service['ID']}")
        containers = ask("GET", "/containers/json?all=1").json() or ()
        with ThreadPoolExecutor(4) as pool:
            # The outcome of each is not asked for: what is left shows in the next sequence's answers.
            [*pool.map(lambda one: ask("DELETE", f"/containers/{one['Id']}?force=1&v=1"), containers)]

    def _clean(self) -> None:
        ask = self._docker.client.ask
        for volume in (ask("GET", "/volumes").json() or {}).get("Volumes") or ():
            ask("DELETE", f"/volumes/{quote(volume['Name'], safe='')}?force=1")
        for network in ask("GET", "/networks").json() or ():
            if network["Name"] not in ("bridge", "host", "none", "ingress", "docker_gwbridge"):
                ask("DELETE", f"/networks/{network['Id']}")
        for image in ask("GET", "/images/json").json() or ():
            for tag in image["RepoTags"] or [image["Id"]]:
                if tag not in KEPT_IMAGES:
                    ask("DELETE", f"/images/{tag}?force=1&noprune=1")
