"""Bypasses: requests that use existing objects and ask for nothing new.

Each bypass is itself judged as a request: one that a rule refuses is reported as closed.
"""

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property, partial
from shlex import quote
from typing import Any

from portero.decide.decision import list_denials
from portero.decide.facts.inspected import Inspected
from portero.decide.objects.named_objects import list_of_service
from portero.decide.policy.rule import Example
from portero.decide.values.dataclass import dataclass
from portero.decide.values.json_fields import JSON, as_object, child, flag, objects, text
from portero.tools.proof.rule_examples import load_examples
from portero.tools.scan.judged_objects import JudgedObject, Kind, ObjectJudge

# Where a request joins a namespace of another container.
_JOINS = {"network": ("--network", "NetworkMode"), "pid": ("--pid", "PidMode"), "ipc": ("--ipc", "IpcMode")}


@dataclass(frozen=True, slots=True)
class Bypass:
    """The command, the object and the rules that it violates; `closed`: the rules that refuse the command."""

    kind: Kind
    name: str
    command: str
    rules: tuple[str, ...]
    cure: str
    closed: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _HostBypasses:
    """A container that is nearer to the host than it may be. `mounts`: by what it mounts; `shares`: by namespaces."""

    name: str
    running: bool
    rules: tuple[str, ...]
    mounts: bool
    shares: tuple[str, ...]
    cure: str


class BypassFinder:
    """Finds the bypasses that judged objects offer. `looks_up`: whether Portero looks up what a request uses."""

    def __init__(self, judge: ObjectJudge, judged: Sequence[JudgedObject], *, looks_up: bool) -> None:
        self._judge = judge
        self._judged = judged
        self._examples = load_examples(judge.judge)
        self._looks_up = looks_up

    def find_all(self) -> Iterator[Bypass]:
        for host in (*self._list_hosts(), *self._list_tasks()):
            yield from self._enter(host)
            if host.mounts:
                yield from self._list_mount_bypasses(host)
        for each in self._judged:
            if each.kind == "container":
                yield from self._start_execs(each)
            elif each.kind == "service":
                yield from self._roll_back(each)
            elif rules := self._escapes(each):
                yield self._use_volume(each, rules) if each.kind == "volume" else self._use_network(each, rules)

    def _find(
        self, kind: Kind, name: str, rules: tuple[str, ...], cure: str, command: str, operation: str, **changes: Any
    ) -> Bypass:
        """The bypass by this operation, which uses an object that violates these rules (schemas/request.json)."""
        if self._looks_up:
            violates: list[JSON] = [{"rule": rule, "field": ""} for rule in rules]
            used: JSON = [{"name": name, "violates": violates, "violations": ", ".join(rules), "at": ""}]
            changes["objects"] = {f"{kind}s": used}
        elif (kind, operation) == ("container", "ContainerCreate"):
            changes["objects"] = {"unseenContainers": [{"name": name, "why": "", "at": ""}]}
        return Bypass(kind, name, command, rules, cure, self._find_refusing(operation, changes))

    def _find_refusing(self, operation: str, changes: Mapping[str, JSON]) -> tuple[str, ...]:
        """The rules that refuse a harmless request of this operation because of the changes."""
        always = self._list_denying(operation, {})
        return tuple(rule for rule in self._list_denying(operation, changes) if rule not in always)

    def _list_denying(self, operation: str, changes: Mapping[str, JSON]) -> list[str]:
        document, judge = self._examples.make_document(Example("", operation, changes)), self._judge.judge
        violations = judge.find_violations(document, time.time(), judge.enforcement)
        return list(dict.fromkeys(violation.rule for violation in list_denials(violations)))

    def _escapes(self, judged: JudgedObject) -> tuple[str, ...]:
        return tuple(sorted(judged.list_escapes(self._judge.judge.policy)))

    @cached_property
    def _used(self) -> dict[tuple[Kind, str], tuple[str, ...]]:
        """What the volumes and networks violate that containers can have."""
        return {
            (each.kind, each.name): self._escapes(each) for each in self._judged if each.kind in ("volume", "network")
        }

    def _find_opened(self, kind: Kind, names: Iterable[str]) -> set[str]:
        """The rules that these volumes or networks violate."""
        return {rule for name in names for rule in self._used.get((kind, name), ())}

    def _list_hosts(self) -> Iterator[_HostBypasses]:
        """Containers that users made, with what the volumes and networks open that they use."""
        for each in self._judged:
            if each.kind != "container":
                continue
            opened = self._find_opened("volume", (text(mount, "Name") for mount in objects(each.thing, "Mounts")))
            joined = self._find_opened("network", child(child(each.thing, "NetworkSettings"), "Networks"))
            escapes = each.list_escapes(self._judge.judge.policy)
            if opened or joined or escapes:
                mounts, cure = bool(opened) or _are_mounts(each, escapes), f"docker rm -f {quote(each.name)}"
                rules = tuple(sorted({*escapes, *opened, *joined}))
                yield _HostBypasses(each.name, each.is_running, rules, mounts, _list_shared(each), cure)

    def _list_tasks(self) -> Iterator[_HostBypasses]:
        """Containers that swarm made here, as near to the host as their service."""
        services = {each.id: each for each in self._judged if each.kind == "service"}
        inventory = self._judge.inventory
        for thing in (as_object(each, "") for each in inventory.containers):
            service = services.get(inventory.tasks.get(text(thing, "Id"), ""))
            escapes = service.list_escapes(self._judge.judge.policy) if service else {}
            if service and escapes:
                name, running = text(thing, "Name").removeprefix("/"), flag(child(thing, "State"), "Running")
                cure = f"docker service rm {quote(service.name)}, or update it"
                yield _HostBypasses(name, running, tuple(sorted(escapes)), _are_mounts(service, escapes), (), cure)

    def _enter(self, host: _HostBypasses) -> Iterator[Bypass]:
        find = partial(self._find, "container", host.name, host.rules, host.cure)
        named, path = quote(host.name), {"id": host.name}
        if not host.running:
            yield find(f"docker start {named}", "ContainerStart", path=path)
            return
        yield find(f"docker exec {named} COMMAND", "ContainerExec", path=path)
        for option, field in (_JOINS[space] for space in host.shares):
            body = {"HostConfig": {field: f"container:{host.name}"}}
            yield find(f"docker run {option} container:{named} IMAGE", "ContainerCreate", body=body)

    def _list_mount_bypasses(self, host: _HostBypasses) -> Iterator[Bypass]:
        find = partial(self._find, "container", host.name, host.rules, host.cure)
        named, body = quote(host.name), {"HostConfig": {"VolumesFrom": [host.name]}}
        yield find(f"docker run --volumes-from {named} IMAGE", "ContainerCreate", body=body)
        yield find(f"docker cp FILE {named}:PATH", "PutContainerArchive", path={"id": host.name}, query={"path": ["/"]})

    def _start_execs(self, container: JudgedObject) -> Iterator[Bypass]:
        """Commands that were created in a container and not started yet."""
        for command in (as_object(exec, "") for exec in self._judge.inventory.execs.get(container.id, ())):
            was_started = flag(command, "Running") or command.get("ExitCode") is not None
            if was_started or not flag(child(command, "ProcessConfig"), "privileged"):
                continue
            id = text(command, "ID")
            if rules := self._find_refusing("ContainerExec", {"body": {"Privileged": True}}):
                cure, request = f"docker rm -f {quote(container.name)}", f"POST /exec/{id[:12]}/start"
                yield self._find("container", container.name, rules, cure, request, "ExecStart", path={"id": id})

    def _use_volume(self, volume: JudgedObject, rules: tuple[str, ...]) -> Bypass:
        named = quote(volume.name)
        body = {"HostConfig": {"Binds": [f"{volume.name}:/mnt"]}}
        command, cure = f"docker run -v {named}:/mnt IMAGE", f"docker volume rm {named}"
        return self._find("volume", volume.name, rules, cure, command, "ContainerCreate", body=body)

    def _use_network(self, network: JudgedObject, rules: tuple[str, ...]) -> Bypass:
        name, named = network.name, quote(network.name)
        find = partial(self._find, "network", name, rules, f"docker network rm {named}")
        if flag(network.thing, "ConfigOnly"):
            copied = {"ConfigFrom": {"Network": name}}
            return find(f"docker network create --config-from {named} NAME", "NetworkCreate", body=copied)
        endpoints: JSON = {"EndpointsConfig": {"app": None, name: {}}}
        body = {"HostConfig": {"NetworkMode": name}, "NetworkingConfig": endpoints}
        return find(f"docker run --network {named} IMAGE", "ContainerCreate", body=body)

    def _roll_back(self, service: JudgedObject) -> Iterator[Bypass]:
        """Back to what the service was before its last update."""
        before = child(service.thing, "PreviousSpec")
        if not before:
            return
        former = self._escapes(self._judge.judge_object(Inspected("ServiceCreate", service.name, before), {}))
        opened = self._find_opened("volume", (used.name for used in list_of_service(before) if used.kind == "volume"))
        if rules := tuple(sorted({*former, *opened})):
            named = quote(service.name)
            changes = {"path": {"id": service.name}, "query": {"rollback": ["previous"]}}
            cure = f"docker service update --force {named}, so that what was before is harmless too"
            command = f"docker service rollback {named}"
            yield self._find("service", service.name, rules, cure, command, "ServiceUpdate", **changes)


def _are_mounts(judged: JudgedObject, escapes: Mapping[str, Sequence[str]]) -> bool:
    mounted_at = {text(each, "at") for part in ("mounts", "volumesFrom") for each in objects(judged.facts, part)}
    return any(at in mounted_at for violated_at in escapes.values() for at in violated_at)


def _list_shared(judged: JudgedObject) -> tuple[str, ...]:
    spaces = child(judged.facts, "namespaces")
    return tuple(name for name in _JOINS if text(child(spaces, name), "mode") in ("host", "container"))
