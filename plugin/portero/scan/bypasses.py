"""Ways round Portero: existing objects, and the requests that use them without asking for anything new.

Each way is itself a request and is judged: one that a rule refuses is reported as closed.
"""

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from shlex import quote

from portero.decision import Violation
from portero.facts.inspected import Inspected
from portero.judging.judge import Judge
from portero.policy.rule import Example
from portero.proof.examples import Examples
from portero.scan.judged_objects import Bench, JudgedObject, Kind
from portero.values.json_fields import as_object, child, flag, objects, text
from portero.values.json_types import JSON

# Where a namespace of another container is asked for.
_JOINS = {"network": ("--network", "NetworkMode"), "pid": ("--pid", "PidMode"), "ipc": ("--ipc", "IpcMode")}


@dataclass(frozen=True, slots=True)
class Way:
    """The command, the object and the rules that it violates; `closed`: the rules that refuse the command."""

    kind: Kind
    name: str
    command: str
    rules: tuple[str, ...]
    cure: str
    closed: tuple[str, ...]


class Doors:
    """Finds the rules that refuse a change of a harmless request. `looks_up`: whether Portero looks up what it uses."""

    def __init__(self, judge: Judge, examples: Examples, *, looks_up: bool = True) -> None:
        self._judge = judge
        self._examples = examples
        self._looks_up = looks_up

    def refusing(self, operation: str, **changes: JSON) -> tuple[str, ...]:
        """The rules that refuse it because of the changes; `objects` are the existing ones that it uses."""
        if not self._looks_up:
            changes.pop("objects", None)
        always = self._denials(Example("", operation, {}))
        return tuple(rule for rule in self._denials(Example("", operation, changes)) if rule not in always)

    def _denials(self, example: Example) -> list[str]:
        document, enforcement = self._examples.document(example), self._judge.enforcement
        found: Sequence[Violation] = self._judge.find_violations(document, time.time(), enforcement)
        return list(dict.fromkeys(violation.rule for violation in found if violation.action == "deny"))


@dataclass(frozen=True, slots=True)
class _Host:
    """A container that is nearer to the host than it may be. `mounts`: by what it mounts; `shares`: by namespaces."""

    name: str
    running: bool
    rules: tuple[str, ...]
    mounts: bool
    shares: tuple[str, ...]
    cure: str


def _used(group: str, name: str, rules: Sequence[str]) -> JSON:
    """`objects` of a request that uses an object which violates these rules (schemas/request.json)."""
    violates: list[JSON] = [{"rule": rule, "field": ""} for rule in rules]
    return {group: [{"name": name, "violates": violates, "violations": ", ".join(rules), "at": ""}]}


def ways(bench: Bench, everything: Sequence[JudgedObject], doors: Doors) -> Iterator[Way]:
    """All of them, the open ones first."""
    found = [*_of_containers(bench, everything, doors), *_of_others(bench, everything, doors)]
    yield from sorted(found, key=lambda way: (bool(way.closed), way.kind, way.name))


def _of_containers(bench: Bench, everything: Sequence[JudgedObject], doors: Doors) -> Iterator[Way]:
    for host in (*_own(bench, everything), *_tasks(bench, everything)):
        yield from _entering(host, doors)
        if host.mounts:
            yield from _mounting(host, doors)
    for each in everything:
        yield from _execs(bench, each, doors)


def _own(bench: Bench, everything: Sequence[JudgedObject]) -> Iterator[_Host]:
    """Containers that people made, with what the volumes open that they use."""
    volumes = {each.name: each.escapes(bench.judge.policy) for each in everything if each.kind == "volume"}
    for each in everything:
        if each.kind != "container":
            continue
        used = [text(mount, "Name") for mount in objects(each.thing, "Mounts")]
        opened = {rule for name in used for rule in volumes.get(name, {})}
        escapes = each.escapes(bench.judge.policy)
        if opened or escapes:
            mounts = bool(opened) or _are_mounts(each, escapes)
            rules = tuple(sorted({*escapes, *opened}))
            cure = f"docker rm -f {quote(each.name)}"
            yield _Host(each.name, each.is_running, rules, mounts, _shares(each), cure)


def _tasks(bench: Bench, everything: Sequence[JudgedObject]) -> Iterator[_Host]:
    """Containers that swarm made here, as near to the host as their service."""
    services = {each.id: each for each in everything if each.kind == "service"}
    for thing in (as_object(each, "") for each in bench.inventory.containers):
        service = services.get(bench.inventory.tasks.get(text(thing, "Id"), ""))
        escapes = service.escapes(bench.judge.policy) if service else {}
        if service and escapes:
            name, running = text(thing, "Name").removeprefix("/"), flag(child(thing, "State"), "Running")
            cure = f"docker service rm {quote(service.name)}, or update it"
            yield _Host(name, running, tuple(sorted(escapes)), _are_mounts(service, escapes), (), cure)


def _are_mounts(judged: JudgedObject, escapes: Mapping[str, Sequence[str]]) -> bool:
    mounts = [*objects(judged.facts, "mounts"), *objects(judged.facts, "volumesFrom")]
    mounted_at = {text(mount, "at") for mount in mounts}
    return any(at in mounted_at for violated_at in escapes.values() for at in violated_at)


def _shares(judged: JudgedObject) -> tuple[str, ...]:
    spaces = child(judged.facts, "namespaces")
    return tuple(name for name in _JOINS if text(child(spaces, name), "mode") in ("host", "container"))


def _entering(host: _Host, doors: Doors) -> Iterator[Way]:
    named, used = quote(host.name), _used("containers", host.name, host.rules)
    if not host.running:
        closed = doors.refusing("ContainerStart", path={"id": host.name}, objects=used)
        yield Way("container", host.name, f"docker start {named}", host.rules, host.cure, closed)
        return
    closed = doors.refusing("ContainerExec", path={"id": host.name}, objects=used)
    yield Way("container", host.name, f"docker exec {named} COMMAND", host.rules, host.cure, closed)
    for space in host.shares:
        option, field = _JOINS[space]
        body: JSON = {"HostConfig": {field: f"container:{host.name}"}}
        closed = doors.refusing("ContainerCreate", body=body, objects=used)
        command = f"docker run {option} container:{named} IMAGE"
        yield Way("container", host.name, command, host.rules, host.cure, closed)


def _mounting(host: _Host, doors: Doors) -> Iterator[Way]:
    named, used = quote(host.name), _used("containers", host.name, host.rules)
    closed = doors.refusing("ContainerCreate", body={"HostConfig": {"VolumesFrom": [host.name]}}, objects=used)
    yield Way("container", host.name, f"docker run --volumes-from {named} IMAGE", host.rules, host.cure, closed)
    closed = doors.refusing("PutContainerArchive", path={"id": host.name}, query={"path": ["/"]}, objects=used)
    yield Way("container", host.name, f"docker cp FILE {named}:PATH", host.rules, host.cure, closed)


def _execs(bench: Bench, each: JudgedObject, doors: Doors) -> Iterator[Way]:
    """Commands that were prepared in a container and not started yet."""
    for command in (as_object(exec, "") for exec in bench.inventory.execs.get(each.id, ())):
        process = child(command, "ProcessConfig")
        if flag(command, "Running") or command.get("ExitCode") is not None or not flag(process, "privileged"):
            continue
        id = text(command, "ID")
        prepared = doors.refusing("ContainerExec", body={"Privileged": True})
        closed = doors.refusing("ExecStart", path={"id": id}, objects=_used("containers", each.name, prepared))
        if prepared:
            cure = f"docker rm -f {quote(each.name)}"
            yield Way("container", each.name, f"POST /exec/{id[:12]}/start", prepared, cure, closed)


def _of_others(bench: Bench, everything: Sequence[JudgedObject], doors: Doors) -> Iterator[Way]:
    for each in everything:
        rules, named = tuple(sorted(each.escapes(bench.judge.policy))), quote(each.name)
        if each.kind == "volume" and rules:
            used = _used("volumes", each.name, rules)
            closed = doors.refusing(
                "ContainerCreate", body={"HostConfig": {"Binds": [f"{each.name}:/mnt"]}}, objects=used
            )
            yield Way(
                "volume", each.name, f"docker run -v {named}:/mnt IMAGE", rules, f"docker volume rm {named}", closed
            )
        elif each.kind == "network" and rules:
            used, cure = _used("networks", each.name, rules), f"docker network rm {named}"
            if flag(each.thing, "ConfigOnly"):
                copied: JSON = {"ConfigFrom": {"Network": each.name}}
                closed = doors.refusing("NetworkCreate", body=copied, objects=used)
                command = f"docker network create --config-from {named} NAME"
            else:
                closed = doors.refusing("ContainerCreate", body=_on(each.name), objects=used)
                command = f"docker run --network {named} IMAGE"
            yield Way("network", each.name, command, rules, cure, closed)
        elif each.kind == "service":
            yield from _rollback(bench, each, doors)


def _on(network: str) -> JSON:
    return {"HostConfig": {"NetworkMode": network}, "NetworkingConfig": {"EndpointsConfig": {"app": None, network: {}}}}


def _rollback(bench: Bench, service: JudgedObject, doors: Doors) -> Iterator[Way]:
    """Back to what the service was before its last update."""
    before = child(service.thing, "PreviousSpec")
    if not before:
        return
    rules = tuple(
        sorted(bench.judged(Inspected("ServiceCreate", service.name, before), {}).escapes(bench.judge.policy))
    )
    if rules:
        named = quote(service.name)
        used = _used("services", service.name, rules)
        query: JSON = {"rollback": ["previous"]}
        closed = doors.refusing("ServiceUpdate", path={"id": service.name}, query=query, objects=used)
        cure = f"docker service update --force {named}, so that what was before is harmless too"
        yield Way("service", service.name, f"docker service rollback {named}", rules, cure, closed)
