"""Existing objects that a request names, judged as the requests that would make them now (`objects` in the document).

In: the request document, what the daemon reports, and a function that judges a request. Out: each object with the
rules that it violates.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias, cast

from portero.decision import Violation
from portero.facts import inspected
from portero.facts.daemon_filled import Fills, unfilled
from portero.facts.fields import as_object, child, flag, objects, text
from portero.facts.inspected import Inspected
from portero.facts.subnets import find_taken
from portero.host.view import HostMoment, ObjectKind, Objects
from portero.judging import nested_sources, waived_objects
from portero.judging.nested_sources import Source, was_created_since
from portero.objects.known_networks import KnownNetworksMoment
from portero.refusals import Refused
from portero.spelling import printable
from portero.types import JSON, Fact

# Judges the request that would make an object, on a host and with the existing objects that it uses.
JudgeObject: TypeAlias = Callable[[Inspected, HostMoment, Mapping[str, JSON]], Sequence[Violation]]

_GROUP: Mapping[ObjectKind, str] = {
    "container": "containers",
    "volume": "volumes",
    "network": "networks",
    "service": "services",
}
_SOURCES = "sources"
_MOST_SHOWN = 3
_LONGEST_NAME = 64


@dataclass(frozen=True, slots=True)
class Named:
    """An object that a request names, and where."""

    kind: ObjectKind
    name: str
    at: str


@dataclass(frozen=True, slots=True)
class Existing:
    """Judges existing objects of one daemon at one moment."""

    objects: Objects
    host: HostMoment
    judge: JudgeObject
    looks_up: Sequence[str]

    def describe(self, document: Mapping[str, JSON]) -> dict[str, JSON]:
        """`objects` of a request document; raises Refused (lookup-failed) where the daemon does not answer."""
        finders = [_FINDERS[kind] for kind in self.looks_up if kind in _FINDERS]
        found = self._group(dict.fromkeys(named for find in finders for named in find(document)))
        sources = nested_sources.list_requested(document, self.host) if _SOURCES in self.looks_up else ()
        return found | (self._find_nested(sources) if sources else {})

    def _find_nested(self, sources: Sequence[Source], id: str = "", since: int = 0) -> dict[str, JSON]:
        """The pairs with sources of other containers than this one that were created since."""
        try:
            listed = self.objects.list_containers()
            others = [one for one in listed if text(one, "Id") != id and was_created_since(one, since)]
            pairs = nested_sources.find_nested(sources, list(nested_sources.list_others(others)), self.host)
        except Refused as refused:
            if refused.code == "host-unreadable":
                raise
            raise Refused("lookup-failed", sources[0].at) from refused
        return {"nestedSources": pairs} if pairs else {}

    def _group(self, named: Mapping[Named, None]) -> dict[str, JSON]:
        groups: dict[str, list[JSON]] = {}
        for one in named:
            try:
                fact = self._describe(one)
            except Refused as refused:
                # Whatever is wrong with what the daemon reports, the request is not to blame.
                raise Refused("lookup-failed", one.at) from refused
            if fact is not None:
                groups.setdefault(_GROUP["container" if one.kind == "exec" else one.kind], []).append(fact)
        return cast(dict[str, JSON], groups)

    def _describe(self, named: Named) -> Fact | None:
        found = self.objects.inspect(named.kind, named.name)
        if found is None:
            return None
        if named.kind == "exec":
            return self._describe_exec(named, found)
        return _make_fact(named, _read_name(named, found), self._judge(named.kind, found))

    def _describe_exec(self, named: Named, found: Mapping[str, JSON]) -> Fact | None:
        """The exec's container, with what the exec itself violates."""
        container = self.objects.inspect("container", text(found, "ContainerID"))
        if container is None:
            return None
        process = child(found, "ProcessConfig")
        body: dict[str, JSON] = {"Privileged": flag(process, "privileged"), "User": text(process, "user")}
        name = text(container, "Name").removeprefix("/")
        own = self.judge(Inspected("ContainerExec", name, body), self.host, {})
        return _make_fact(named, name, [*own, *self._judge("container", container)])

    def _find_nested_at_start(self, container: Mapping[str, JSON]) -> dict[str, JSON]:
        """The pairs of containers that were created at the same time, when neither was in the list yet.

        Containers from before Portero started go on starting.
        """
        if _SOURCES not in self.looks_up or not was_created_since(container, self.objects.since):
            return {}
        sources = list(nested_sources.list_mounted(container))
        return self._find_nested(sources, text(container, "Id"), self.objects.since) if sources else {}

    def _judge(self, kind: ObjectKind, found: Mapping[str, JSON]) -> Sequence[Violation]:
        if kind == "service":
            former = child(found, "PreviousSpec")
            return self.judge(Inspected("ServiceCreate", text(former, "Name"), former), self.host, {}) if former else ()
        request = inspected.make_request(dict(found))
        if request is None:
            return ()  # a network of dockerd's own
        if kind == "network":
            # Its own routes and bridge are on the host because of it.
            own = find_taken([found])
            return self.judge(request, KnownNetworksMoment(self.host, lambda name: None, own), {})
        if kind == "container":
            request = unfilled(request, Fills.of(self.objects.info(), self.host.daemon()))
            used = self._group(dict.fromkeys(_list_volumes(found))) | self._find_nested_at_start(found)
            return self.judge(request, self.host, used)
        return self.judge(request, self.host, {})


def _make_fact(named: Named, name: str, violations: Sequence[Violation]) -> Fact:
    denials = [violation for violation in violations if violation.action == "deny"]
    shown = [f"{violation.rule} ({violation.at})" for violation in denials[:_MOST_SHOWN]]
    more = len(denials) - len(shown)
    return {
        "name": printable(name)[:_LONGEST_NAME],
        "violates": [{"rule": violation.rule, "field": violation.at} for violation in denials],
        "waived": waived_objects.make_facts(violations),
        "violations": ", ".join(shown) + (f" and {more} more" if more else ""),
        "at": named.at,
    }


def _read_name(named: Named, found: Mapping[str, JSON]) -> str:
    name = text(child(found, "Spec") if named.kind == "service" else found, "Name")
    return name.removeprefix("/") or named.name


def _list_volumes(container: Mapping[str, JSON]) -> Iterator[Named]:
    """Its volumes of the local driver; any other driver is seen in the container's own mounts."""
    for index, mount in enumerate(objects(container, "Mounts")):
        if text(mount, "Type") == "volume" and text(mount, "Driver") == "local":
            yield Named("volume", text(mount, "Name"), f"Mounts[{index}]")


def _find_container(document: Mapping[str, JSON]) -> Iterator[Named]:
    id = _path_id(document)
    if id is not None and not _only_ends_restarts(document):
        yield Named("container", id, "path.id")
    query = cast(dict[str, list[str]], document["query"])
    if id is None and (name := query.get("container", [""])[0]):  # the container of a commit
        yield Named("container", name.removeprefix("/"), "?container")


def _only_ends_restarts(document: Mapping[str, JSON]) -> bool:
    """Whether it is `docker update --restart no`, which always passes; the command line sends zeros for the rest."""
    if document["operation"] != "ContainerUpdate":
        return False
    body = as_object(document["body"] or {}, "")
    others = [value for name, value in body.items() if name != "RestartPolicy"]
    return text(child(body, "RestartPolicy"), "Name") == "no" and not any(others)


def _find_exec(document: Mapping[str, JSON]) -> Iterator[Named]:
    yield Named("exec", _path_id(document) or "", "path.id")


def _find_rollback(document: Mapping[str, JSON]) -> Iterator[Named]:
    if cast(dict[str, list[str]], document["query"]).get("rollback", [""])[0] == "previous":
        yield Named("service", _path_id(document) or "", "path.id")


def _find_containers(document: Mapping[str, JSON]) -> Iterator[Named]:
    facts = child(document, "facts")
    spaces = [as_object(space, name) for name, space in child(facts, "namespaces").items()]
    for named in (*objects(facts, "volumesFrom"), *spaces):
        if container := text(named, "container"):
            yield Named("container", container.removeprefix("/"), text(named, "at"))


def _find_volumes(document: Mapping[str, JSON]) -> Iterator[Named]:
    for mount in objects(child(document, "facts"), "mounts"):
        if text(mount, "type") == "volume" and (source := text(mount, "source")):
            yield Named("volume", source, text(mount, "at"))


def _find_networks(document: Mapping[str, JSON]) -> Iterator[Named]:
    for network in objects(child(document, "facts"), "networks"):
        name = text(network, "name")
        if name not in ("", "default", *inspected.PREDEFINED):
            yield Named("network", name, text(network, "at"))


def _path_id(document: Mapping[str, JSON]) -> str | None:
    return cast(dict[str, str], document["path"]).get("id")


_FINDERS: Mapping[str, Callable[[Mapping[str, JSON]], Iterator[Named]]] = {
    "container": _find_container,
    "exec": _find_exec,
    "rollback": _find_rollback,
    "containers": _find_containers,
    "volumes": _find_volumes,
    "networks": _find_networks,
}
