"""Plays corpus cases at a daemon and judges each by its effect: what the daemon then holds, not only what it said.

Containers are created, never started, except one harmless one that exec, update and their like are aimed at.
"""

import contextlib
import itertools
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

from .corpus import Case, fill_in, written
from .guarded import NAME, GuardedDocker
from .rawhttp import Answer, exchange

SHARED = "replay-shared"
FOLDER = "/srv/replay"
# Where the links of some cases lead.
PREPARE = (
    f"mkdir -p {FOLDER}/plain; ln -sfn /etc {FOLDER}/link; ln -sfn / {FOLDER}/rootlink; "
    f"ln -sfn {FOLDER}/plain {FOLDER}/okaylink; ln -sfn /run/docker.sock {FOLDER}/socketlink; "
    f"mkdir -p /run/portero-door/doors/traefik {FOLDER}/doors/traefik; ln -sfn /run/portero-door {FOLDER}/doorlink; "
    f"ln -sfn loop {FOLDER}/loop; ln -sfn ../replay/link {FOLDER}/linklink"
)
NO_SWARM = 503
# The API version of nearly all cases.
_VERSION = "v1.45"
# Where each kind of object is looked at; and what its removal asks for beside its name.
_INSPECT = {
    "container": "/containers/{}/json",
    "volume": "/volumes/{}",
    "network": "/networks/{}",
    "service": "/services/{}",
    "plugin": "/plugins/{}/json",
}
_REMOVE = {"container": "?force=1&v=1", "volume": "?force=1", "network": "", "service": "", "plugin": "?force=1"}


class Verdict(Enum):
    """What a case proves."""

    PASS = "as expected"
    REFUSED = "refused by dockerd itself, without effect: nothing is proved about the plugin"
    FAIL = "a harmful request had its effect, or a harmless one was refused"
    NO_EFFECT = "let through, but dockerd did not do the harm"
    INCONCLUSIVE = "what the case needs is not there, or nobody answered"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What happened to one case."""

    verdict: Verdict
    answer: Answer
    effect: bool | None  # None: could not be looked at

    def __str__(self) -> str:
        return f"{self.verdict.name} ({self.verdict.value}): {self.answer.status} {self.answer.message}"


class Player:
    """Sends cases to one daemon. Used as a block, so that the shared container goes when the last case is played."""

    def __init__(self, docker: GuardedDocker) -> None:
        self.docker = docker
        self._numbers = itertools.count(1)

    def __enter__(self) -> "Player":
        self.docker.shell(PREPARE)
        self._api = str(self.docker.client.ask("GET", "/version").json()["ApiVersion"])
        self._network = (self.docker.client.ask("GET", "/networks/host").json() or {}).get("Id", "0" * 64)
        body = {"Image": "busybox:latest", "Cmd": ["sleep", "3600"], "HostConfig": {"NetworkMode": "none"}}
        self.docker.client.ask("POST", f"/containers/create?name={SHARED}", body)
        self.docker.client.ask("POST", f"/containers/{SHARED}/start")
        return self

    def __exit__(self, *_: object) -> None:
        self.docker.client.ask("DELETE", f"/containers/{SHARED}?force=1&v=1")

    def play(self, case: Case) -> Outcome:
        """Send the case, look for its effect, judge, and remove what it made."""
        name = f"replay{next(self._numbers)}-{re.sub(r'[^a-zA-Z0-9_.-]', '', case.id)}"
        with self._set_up(case, name) as ready:
            if not ready:
                return Outcome(Verdict.INCONCLUSIVE, Answer(0, b"the preparation was refused"), effect=None)
            answer = exchange(
                self.docker.socket,
                written(case, lambda text: self._fill(text, name)),
                case.line.get("timeout", 8),
                pipelined=case.line.get("pipelined", False),
            )
            effect = self._effect(case, answer, name)
        return Outcome(_judge(case, answer, effect), answer, effect)

    def _fill(self, text: str, name: str) -> str:
        known = {
            **{"N": name, "SHARED": SHARED, "SOCK": "/run/docker.sock", "SOCKDIR": "/run", "TMP": FOLDER},
            **{"PLUGIN": NAME, "HOSTNET": self._network},
        }
        if "{{VERSION}}" in text:  # what a service update must name
            service = self.docker.client.ask("GET", f"/services/{name}").json() or {}
            known["VERSION"] = str(service.get("Version", {}).get("Index", 0))
        text = fill_in(text, known)
        # An older engine knows no such version, and would refuse all cases by itself.
        return text.replace(_VERSION, f"v{self._api}") if _is_older(self._api, _VERSION[1:]) else text

    @contextlib.contextmanager
    def _set_up(self, case: Case, name: str) -> Iterator[bool]:
        steps = case.line.get("setup", [])
        answers = [
            self.docker.client.ask(step["method"], self._fill(step["path"], name), self._deep(step.get("body"), name))
            for step in steps
        ]
        try:
            yield all(0 < answer.status < 400 for answer in answers)
        finally:
            self._remove(case, name)

    def _deep(self, value: Any, name: str) -> Any:
        if isinstance(value, str):
            return self._fill(value, name)
        if isinstance(value, list):
            return [self._deep(element, name) for element in value]
        if isinstance(value, dict):
            return {key: self._deep(element, name) for key, element in value.items()}
        return value

    def _effect(self, case: Case, answer: Answer, name: str) -> bool | None:
        """Whether the daemon holds what the case wanted; when nothing can be looked at, its status decides."""
        carried_out = 200 <= answer.status < 300 or answer.status == 101
        if case.probe["kind"] == "none":
            return carried_out
        status, found = self._look(case.probe, answer, name)
        if status == 404:
            return False
        if status != 200 or found is None:
            return carried_out
        checks = case.probe.get("checks", [])
        return all(_holds(found, path, how, self._deep(wanted, name)) for path, how, wanted in checks)

    def _look(self, probe: Mapping[str, Any], answer: Answer, name: str) -> tuple[int, Any]:
        if probe["kind"] == "status":
            failed = probe.get("no_error") and b"errorDetail" in answer.body
            return 200, {"status": 599 if failed else answer.status, "body": answer.text()[:400]}
        if probe["kind"] == "exec":
            made = answer.json()
            if not isinstance(made, dict) or "Id" not in made:
                return 404, None
            seen = self.docker.client.ask("GET", f"/exec/{made['Id']}/json")
        else:
            target = _INSPECT[probe["kind"]].format(self._fill(probe.get("name", "{{N}}"), name))
            seen = self.docker.client.ask("GET", target)
        return seen.status, seen.json()

    def _remove(self, case: Case, name: str) -> None:
        own = case.probe.get("name", "{{N}}") == "{{N}}"
        for kind, query in _REMOVE.items():
            if kind in case.line.get("cleanup", []) or (own and case.probe["kind"] == kind):
                self.docker.client.ask("DELETE", f"/{kind}s/{name}{query}")
        for image in case.line.get("cleanup_images", []):
            self.docker.client.ask("DELETE", f"/images/{self._fill(image, name.lower())}?force=1")


def _judge(case: Case, answer: Answer, effect: bool | None) -> Verdict:
    if case.expect == "allow":
        if answer.status == 0:
            return Verdict.INCONCLUSIVE
        return Verdict.FAIL if answer.status == 403 else Verdict.PASS
    if effect:
        return Verdict.FAIL
    if answer.status == 403:
        return Verdict.PASS
    if case.line.get("requires") == "swarm" and answer.status == NO_SWARM:
        return Verdict.INCONCLUSIVE
    if case.strict:
        return Verdict.FAIL
    if answer.status >= 400 or answer.status in (301, 307, 308):
        return Verdict.REFUSED
    return Verdict.INCONCLUSIVE if answer.status == 0 else Verdict.NO_EFFECT


def _is_older(version: str, other: str) -> bool:
    numbers = [[int(number) for number in text.split(".")] for text in (version, other)]
    return numbers[0] < numbers[1]


def _at(document: Any, path: str) -> Any:
    """Follow `HostConfig.Devices[].PathOnHost`; a path with [] gives the list of all that is there."""
    current = [document]
    for step in path.split("."):
        key = step.removesuffix("[]")
        below = [value.get(key) if isinstance(value, dict) else None for value in current]
        current = [element for value in below for element in value or []] if step.endswith("[]") else below
    return current if "[]" in path else current[0]


def _holds(document: Any, path: str, how: str, wanted: Any) -> bool:
    value = _at(document, path)
    match how:
        case "eq":
            return bool(value == wanted)
        case "ne":
            return bool(value != wanted)
        case "truthy":
            return bool(value)
        case "contains":
            return wanted in (value or [])
        case "any_eq":
            return any(element == wanted for element in value)
        case "any_prefix":
            return any(str(element).startswith(wanted) for element in value)
        case "match":
            return re.search(wanted, str(value)) is not None
    raise ValueError(f"no such check: {how}")
