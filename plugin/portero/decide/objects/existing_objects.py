"""Existing objects that a request names, judged as the requests that would make them now (`objects` in the document).

In: the request document, what the daemon reports, and a function that judges a request. Out: each object with the
rules that it violates.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import cast

from portero.decide.decision import Violation, list_denials
from portero.decide.facts.driver import LOCAL
from portero.decide.facts.inspected import Fills, Inspected, make_creation, remove_filled
from portero.decide.facts.networks import PARENT
from portero.decide.interfaces.daemon import ObjectKind
from portero.decide.interfaces.existing import ExistingContainer, ExistingObject
from portero.decide.interfaces.host_notes import HostOverlayMoment
from portero.decide.objects.named_objects import (
    FAILURE,
    Named,
    find_named,
    list_of_container,
    list_of_service,
    refuse_unclear,
)
from portero.decide.objects.new_objects import find_parent
from portero.decide.objects.object_use import Meanings, ObjectUse, located
from portero.decide.objects.source_pairs import SourcePairs
from portero.decide.values.dataclass import dataclass
from portero.decide.values.json_fields import JSON, Fact, child, flag, text
from portero.decide.values.spelling import shorten_name

_GROUP: Mapping[ObjectKind, str] = {
    "container": "containers",
    "volume": "volumes",
    "network": "networks",
    "service": "services",
    "secret": "secrets",
    "config": "configs",
}
_SOURCES, _CONFIGS = "sources", "configs"
# Where a start names its container.
_STARTED = "path.id"
_MAX_SHOWN = 3


def describe_used(use: ObjectUse) -> dict[str, JSON]:
    """Those that are named, in groups, and `nestedSources`; raises Refused (lookup-failed, writers-unknown)."""
    if not use.looks_up or (meanings := use.meanings) is None:
        return {}
    return Existing(use, meanings).describe()


@dataclass(frozen=True, slots=True)
class Existing:
    """Judges existing objects of one daemon at one moment."""

    use: ObjectUse
    meanings: Meanings

    def describe(self) -> dict[str, JSON]:
        document = self.use.document
        named = dict.fromkeys(find_named(document, self.use.looks_up))
        if _CONFIGS in self.use.looks_up:
            self.meanings.gather(named)
        reported = self._group(named)
        return reported | (self._pairs.find_requested(document) if _SOURCES in self.use.looks_up else {})

    @property
    def _pairs(self) -> SourcePairs:
        if self.use.findings.pairs is None:
            self.use.findings.pairs = SourcePairs(self.meanings.objects, self.use.host)
        return self.use.findings.pairs

    def _group(self, named: Mapping[Named, None]) -> dict[str, JSON]:
        groups: dict[str, list[JSON]] = {}
        for one in named:
            refuse_unclear(one)
            facts = self.use.findings.described.get(one)
            if facts is None:
                with located(one.at):
                    facts = [*(self._describe_exec(one) if one.kind == "exec" else self._describe(one))]
                if self.use.findings.is_whole:
                    self.use.findings.described[one] = facts
            if facts:
                groups.setdefault(_GROUP["container" if one.kind == "exec" else one.kind], []).extend(facts)
        return cast(dict[str, JSON], groups)

    def _describe(self, named: Named) -> Iterator[Fact]:
        """The object, and those others that the name can come to mean and that violate a rule."""
        for number, one in enumerate(self.meanings.find(named)):
            if isinstance(one, ExistingContainer) and _SOURCES in self.use.looks_up and named.at == _STARTED:
                self._pairs.note_start(one)
            name = shorten_name(one.name or named.name)
            name = f"{name}, whose ID begins with {named.name}," if number else name
            fact = _make_fact(named, name, self._judge(one, named.at))
            if fact["violates"] or not number:
                yield fact

    def _describe_exec(self, named: Named) -> Iterator[Fact]:
        """The exec's container, with what the exec itself violates."""
        found = self.meanings.inspect("exec", named.name, named.at)
        if found is None:
            return
        shown: Mapping[str, JSON] | None = found.shown
        container = self.meanings.inspect("container", text(found.shown, "ContainerID"), named.at)
        if container is None and (shown := self.meanings.objects.inspect_briefly("exec", named.name)):
            # One that is known without asking may be in another container.
            container = self.meanings.inspect("container", text(shown, "ContainerID"), named.at)
        if container is None or not shown:
            return
        process = child(shown, "ProcessConfig")
        body: dict[str, JSON] = {"Privileged": flag(process, "privileged"), "User": text(process, "user")}
        violations = self.use.judge(Inspected("ContainerExec", container.name, body), self.use.host, {})
        yield _make_fact(named, shorten_name(container.name), [*violations, *self._judge(container)])

    def _judge(self, one: ExistingObject, at: str = "") -> Sequence[Violation]:
        if one.kind == "service":
            return self._judge_former(one.name, child(one.shown, "Spec" if at == FAILURE else "PreviousSpec"))
        if one.kind in ("secret", "config"):
            # dockerd never shows what a secret holds.
            made = Inspected(f"{one.kind.capitalize()}Create", one.name, child(one.shown, "Spec"))
            return self.use.judge(made, self.use.host, {})
        # Compose names a network twice.
        key = f"{one.kind} {one.id or one.name}"
        if key in self.use.findings.judging:
            self.use.findings.is_whole = False  # two containers can name each other
            return ()
        if key not in self.use.findings.judged:
            self.use.findings.judging.add(key)
            self.use.findings.judged[key] = self._judge_made(one)
            self.use.findings.judging.remove(key)
        return self.use.findings.judged[key]

    def _judge_former(self, name: str, former: Mapping[str, JSON]) -> Sequence[Violation]:
        """The settings of a service that come back; its name never changes."""
        if not former:
            return ()
        named = dict.fromkeys(list_of_service(former))
        self.meanings.gather(named)
        used = self._group(named)
        return self.use.judge(Inspected("ServiceCreate", name, former), self.use.host, used)

    def _judge_made(self, one: ExistingObject) -> Sequence[Violation]:
        """A container with what it uses, a volume or a network."""
        if (request := make_creation(one)) is None:
            return ()  # a network that dockerd makes itself
        host, used = self.use.host, {}
        if isinstance(one, ExistingContainer):
            request = remove_filled(request, Fills.of(self.meanings.objects.info(), host.daemon()))
            used = self._find_used(one)
        elif one.kind == "network":
            used = find_parent(text(child(one.shown, "Options"), PARENT), self.meanings)
            if not flag(one.shown, "ConfigOnly"):
                # Its routes and bridge are on the host because of it, and others were compared when it was made.
                host = HostOverlayMoment(host, lambda name: None, existing=None)
        return self.use.judge(request, host, used)

    def _find_used(self, container: ExistingContainer) -> dict[str, JSON]:
        used = self._group(dict.fromkeys(list_of_container(container)))
        if foreign := [*self._describe_foreign_volumes(container)]:
            used["volumes"] = [*cast(list[JSON], used.get("volumes", [])), *foreign]
        return used | (self._pairs.find_at_start(container) if _SOURCES in self.use.looks_up else {})

    def _describe_foreign_volumes(self, container: ExistingContainer) -> Iterator[Fact]:
        """Its volumes of other drivers, by the driver's name: dockerd would ask the plugin, which may be dead."""
        for index, mount in enumerate(container.mounts):
            if mount.type == "volume" and mount.driver not in ("", LOCAL):
                made = Inspected("VolumeCreate", mount.name, {"Name": mount.name, "Driver": mount.driver})
                named = Named("volume", mount.name, f"Mounts[{index}]")
                yield _make_fact(named, shorten_name(mount.name), self.use.judge(made, self.use.host, {}))


def _make_fact(named: Named, name: str, violations: Sequence[Violation]) -> Fact:
    denials = list_denials(violations)
    shown = [f"{violation.rule} ({violation.at})" for violation in denials[:_MAX_SHOWN]]
    more = len(denials) - len(shown)
    return {
        "name": name,
        "violates": [{"rule": violation.rule, "field": violation.at} for violation in denials],
        "waived": [
            {"rule": one.rule, "field": one.at, "exception": one.exception}
            for one in violations
            if one.action == "waived"
        ],
        "violations": ", ".join(shown) + (f" and {more} more" if more else ""),
        **({"protected": True} if any(violation.protects for violation in denials) else {}),
        "at": named.at,
    }
