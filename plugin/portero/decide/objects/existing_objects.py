"""Existing objects that a request names, judged as the requests that would make them now (`objects` in the document).

In: the request document, what the daemon reports, and a function that judges a request. Out: each object with the
rules that it violates.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TypeAlias, cast

from portero.decide.decision import Violation
from portero.decide.facts import inspected
from portero.decide.facts.driver import LOCAL
from portero.decide.facts.inspected import Fills, Inspected, remove_filled
from portero.decide.facts.networks import PARENT
from portero.decide.interfaces.daemon import GatheredKind, ObjectKind, Objects
from portero.decide.interfaces.host import HostMoment
from portero.decide.interfaces.host_overlay import HostOverlayMoment
from portero.decide.objects import named_objects
from portero.decide.objects.named_objects import (
    FAILURE,
    PREDEFINED,
    Named,
    find_parent,
    list_joined,
    list_of_service,
    list_others,
    list_volumes,
    read_name,
    refuse_unclear,
    shorten_name,
)
from portero.decide.objects.source_pairs import SourcePairs
from portero.decide.objects.waived_objects import make_waived_facts
from portero.decide.values.dataclass import dataclass, field
from portero.decide.values.json_fields import child, flag, objects, text
from portero.decide.values.json_types import JSON, Fact
from portero.decide.values.refusals import Refused, locate_lookup

# Judges the request that would make an object, on a host and with the existing objects that it uses.
JudgeObject: TypeAlias = Callable[[Inspected, HostMoment, Mapping[str, JSON]], Sequence[Violation]]

_GROUP: Mapping[ObjectKind, str] = {
    "container": "containers",
    "volume": "volumes",
    "network": "networks",
    "service": "services",
    "secret": "secrets",
    "config": "configs",
}
_SOURCES, _CONFIGS = "sources", "configs"
_GATHERED: Sequence[GatheredKind] = ("secret", "config")
# Where a start names its container.
_STARTED = "path.id"
_MAX_SHOWN = 3


@dataclass(slots=True)
class ObjectFindings:
    """What was found out for one request about existing objects: a second document of it need not ask again.

    `is_whole`: False where containers name each other: one was judged before all of the other was known.
    """

    judged: dict[str, Sequence[Violation]] = field(default_factory=dict)  # by kind and ID; containers by ID alone
    described: dict[Named, Sequence[Fact]] = field(default_factory=dict)
    pairs: SourcePairs | None = None
    judging: set[str] = field(default_factory=set)  # containers that are being judged
    is_whole: bool = True
    # Has others see which name of a container the request uses; False: another request came meanwhile.
    use_name: Callable[[str], bool] = lambda id: True

    def note_allowed(self, id: str) -> bool:
        """Have what an allowed request makes and starts remembered, by the ID of the decision.

        False: another one came meanwhile, and this one is to be judged again. Raises Refused where it cannot be.
        """
        return self.use_name(id) and (self.pairs is None or self.pairs.note_allowed(id))


@dataclass(frozen=True, slots=True)
class Existing:
    """Judges existing objects of one daemon at one moment."""

    objects: Objects
    host: HostMoment
    judge: JudgeObject
    looks_up: Sequence[str]
    findings: ObjectFindings = field(default_factory=ObjectFindings)

    def describe(self, document: Mapping[str, JSON]) -> dict[str, JSON]:
        """`objects` of a request document; raises Refused (lookup-failed) where the daemon does not answer."""
        named = dict.fromkeys(named_objects.find_named(document, self.looks_up))
        if _CONFIGS in self.looks_up:
            self._gather(named)
        reported = self._group(named)
        return reported | (self._pairs.find_requested(document) if _SOURCES in self.looks_up else {})

    @property
    def _pairs(self) -> SourcePairs:
        if self.findings.pairs is None:
            self.findings.pairs = SourcePairs(self.objects, self.host)
        return self.findings.pairs

    def _gather(self, named: Mapping[Named, None]) -> None:
        """A service can have hundreds of secrets and configs."""
        for kind in _GATHERED:
            those = [one for one in named if one.kind == kind]
            try:
                if len(those) > 1:
                    self.objects.gather(kind, [one.name for one in those])
            except Refused as refused:
                raise locate_lookup(refused, those[0].at) from refused

    def _group(self, named: Mapping[Named, None]) -> dict[str, JSON]:
        groups: dict[str, list[JSON]] = {}
        for one in named:
            refuse_unclear(one)
            facts = self.findings.described.get(one)
            if facts is None:
                try:
                    facts = [*self._describe(one)]
                except Refused as refused:
                    if refused.code == "writers-unknown":
                        raise
                    raise locate_lookup(refused, one.at) from refused
                if self.findings.is_whole:
                    self.findings.described[one] = facts
            if facts:
                groups.setdefault(_GROUP["container" if one.kind == "exec" else one.kind], []).extend(facts)
        return cast(dict[str, JSON], groups)

    def _describe(self, named: Named) -> Iterator[Fact]:
        """The object, and those others that the name can come to mean and that violate a rule."""
        reported = self.objects.inspect(named.kind, named.name)
        if reported is None:
            return
        if named.kind == "exec":
            yield from self._describe_exec(named, reported)
            return
        starts = _SOURCES in self.looks_up and named.at == _STARTED
        if starts:
            self._pairs.note_start(reported)
        yield _make_fact(named, _find_name(named, reported), self._judge(named.kind, reported, named.at))
        for other in list_others(named.kind, named.name, reported, self.objects):
            name = f"{_find_name(named, other)}, whose ID begins with {named.name},"
            fact = _make_fact(named, name, self._judge(named.kind, other, named.at))
            if starts:
                self._pairs.note_start(other)
            if fact["violates"]:
                yield fact

    def _describe_exec(self, named: Named, reported: Mapping[str, JSON]) -> Iterator[Fact]:
        """The exec's container, with what the exec itself violates."""
        container = self.objects.inspect("container", text(reported, "ContainerID"))
        if container is None:
            # One that is known without asking may be in another container.
            reported = self.objects.inspect_briefly("exec", named.name) or {}
            container = self.objects.inspect("container", text(reported, "ContainerID")) if reported else None
        if container is None:
            return
        process = child(reported, "ProcessConfig")
        body: dict[str, JSON] = {"Privileged": flag(process, "privileged"), "User": text(process, "user")}
        name = read_name("container", container)
        violations = self.judge(Inspected("ContainerExec", name, body), self.host, {})
        yield _make_fact(named, shorten_name(name), [*violations, *self._judge("container", container)])

    def _judge(self, kind: ObjectKind, reported: Mapping[str, JSON], at: str = "") -> Sequence[Violation]:
        if kind == "service":
            if not (former := child(reported, "Spec" if at == FAILURE else "PreviousSpec")):
                return ()
            named = dict.fromkeys(list_of_service(former))
            self._gather(named)
            used = self._group(named)
            return self.judge(Inspected("ServiceCreate", text(former, "Name"), former), self.host, used)
        if kind in ("secret", "config"):
            # dockerd never shows what a secret holds.
            spec = child(reported, "Spec")
            return self.judge(Inspected(f"{kind.capitalize()}Create", text(spec, "Name"), spec), self.host, {})
        request = inspected.make_request(dict(reported))
        if request is None:
            return ()  # a network that dockerd makes itself
        if kind == "container":
            return self._judge_container(request, reported)
        # Compose names a network twice.
        key = f"{kind} {text(reported, 'Id') or text(reported, 'Name')}"
        if key not in self.findings.judged:
            host, used = self.host, dict[str, JSON]()
            if kind == "network":
                used = find_parent(text(child(reported, "Options"), PARENT), self.objects)
                if not flag(reported, "ConfigOnly"):
                    # Its routes and bridge are on the host because of it, and others were compared when it was made.
                    host = HostOverlayMoment(host, lambda name: None, existing=None)
            self.findings.judged[key] = self.judge(request, host, used)
        return self.findings.judged[key]

    def _judge_container(self, request: Inspected, reported: Mapping[str, JSON]) -> Sequence[Violation]:
        """With what it uses: dockerd looks up networks, and the container behind a namespace, anew at each start."""
        id = text(reported, "Id")
        if id in self.findings.judging:
            self.findings.is_whole = False  # two containers can name each other
            return ()
        if id not in self.findings.judged:
            self.findings.judging.add(id)
            request = remove_filled(request, Fills.of(self.objects.info(), self.host.daemon()))
            named = (*list_volumes(reported), *_list_networks(reported), *list_joined(reported))
            used = self._group(dict.fromkeys(named))
            if foreign := [*self._describe_foreign_volumes(reported)]:
                used["volumes"] = [*cast(list[JSON], used.get("volumes", [])), *foreign]
            nested = self._pairs.find_at_start(reported) if _SOURCES in self.looks_up else {}
            self.findings.judged[id] = self.judge(request, self.host, used | nested)
            self.findings.judging.remove(id)
        return self.findings.judged[id]

    def _describe_foreign_volumes(self, container: Mapping[str, JSON]) -> Iterator[Fact]:
        """Its volumes of other drivers, by the driver's name: dockerd would ask the plugin, which may be dead."""
        for index, mount in enumerate(objects(container, "Mounts")):
            name, driver = text(mount, "Name"), text(mount, "Driver")
            if text(mount, "Type") == "volume" and driver not in ("", LOCAL):
                made = Inspected("VolumeCreate", name, {"Name": name, "Driver": driver})
                named = Named("volume", name, f"Mounts[{index}]")
                yield _make_fact(named, shorten_name(name), self.judge(made, self.host, {}))


def _make_fact(named: Named, name: str, violations: Sequence[Violation]) -> Fact:
    denials = [violation for violation in violations if violation.action == "deny"]
    shown = [f"{violation.rule} ({violation.at})" for violation in denials[:_MAX_SHOWN]]
    more = len(denials) - len(shown)
    return {
        "name": name,
        "violates": [{"rule": violation.rule, "field": violation.at} for violation in denials],
        "waived": make_waived_facts(violations),
        "violations": ", ".join(shown) + (f" and {more} more" if more else ""),
        **({"protected": True} if any(violation.protects for violation in denials) else {}),
        "at": named.at,
    }


def _find_name(named: Named, reported: Mapping[str, JSON]) -> str:
    return shorten_name(read_name(named.kind, reported) or named.name)


def _list_networks(container: Mapping[str, JSON]) -> Iterator[Named]:
    """Its networks, each as a start looks it up: by its ID once the container has been on it, before by its name."""
    mode = text(child(container, "HostConfig"), "NetworkMode")
    networks = child(child(container, "NetworkSettings"), "Networks")
    for name in networks:
        if name not in PREDEFINED:
            at = "HostConfig.NetworkMode" if name == mode else "NetworkingConfig.EndpointsConfig[*]"
            yield Named("network", text(child(networks, name), "NetworkID") or name, at)
