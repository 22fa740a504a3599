"""Existing objects, judged as the requests that would create them now, without what dockerd filled in."""

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Literal, TypeAlias

from portero.decide.decision import Decision
from portero.decide.facts import inspected
from portero.decide.facts.inspected import Fills, Inspected, remove_filled
from portero.decide.facts.networks import find_taken
from portero.decide.facts.request_document import CallParameters, build_document, describe_making
from portero.decide.identity.caller import NO_IDENTITY
from portero.decide.images.trust import RecordUnreadable
from portero.decide.interfaces.daemon import ListedKind, ObjectKind, StillObjects
from portero.decide.interfaces.existing import ExistingContainer
from portero.decide.interfaces.host_notes import HostNotes, HostOverlay
from portero.decide.judging.judge import Judge
from portero.decide.objects import joined_containers
from portero.decide.objects.image_vouching import describe_container
from portero.decide.objects.object_use import Meanings
from portero.decide.policy.dialect import reads_vouching
from portero.decide.policy.policy import Policy
from portero.decide.reading.body_decoder import Canonical
from portero.decide.values.dataclass import dataclass, replace
from portero.decide.values.json_fields import JSON, as_object, child, flag, text
from portero.decide.values.refusals import Refused
from portero.decide.values.spelling import make_printable
from portero.tools.scan.inventory import Inventory

Kind: TypeAlias = Literal["container", "service", "volume", "network"]

_KINDS: tuple[Kind, ...] = ("container", "service", "volume", "network")


@dataclass(frozen=True, slots=True)
class JudgedObject:
    """One object with its decision and its facts (empty when it could not be read)."""

    kind: Kind
    name: str
    id: str
    thing: Mapping[str, JSON]
    facts: Mapping[str, JSON]
    decision: Decision

    @property
    def is_running(self) -> bool:
        return self.kind == "container" and flag(child(self.thing, "State"), "Running")

    def list_escapes(self, policy: Policy) -> dict[str, list[str]]:
        """The rules for the safety of the host that it violates, each with its `at`s."""
        ats: dict[str, list[str]] = {}
        for violation in self.decision.denials:
            rule = policy.rules.get(violation.rule)
            if rule is not None and rule.at_use:
                ats.setdefault(rule.id, []).append(violation.at)
        return ats

    @property
    def title(self) -> str:
        """What the object is, for people."""
        state = (", running" if self.is_running else ", stopped") if self.kind == "container" else ""
        return f"{self.kind} {make_printable(self.name)}{state}"


@dataclass(frozen=True, slots=True)
class ListedContainers(StillObjects):
    """The containers of an inventory as what exists; of other kinds nothing is known."""

    containers: Sequence[Mapping[str, JSON]]

    def list_all(self, kind: ListedKind) -> Sequence[Mapping[str, JSON]]:
        return self.containers if kind == "container" else ()

    def inspect(self, kind: ObjectKind, name: str) -> Mapping[str, JSON] | None:
        matching = (each for each in self.list_all("container") if name in (text(each, "Id"), text(each, "Name")[1:]))
        return next(matching, None) if kind == "container" else None

    def info(self) -> Mapping[str, JSON]:
        return {}


class ObjectJudge:
    """Judges what is in an inventory; the daemon's networks are known by their IDs."""

    def __init__(self, judge: Judge, inventory: Inventory) -> None:
        networks = [_read_object(network) for network in inventory.networks]
        names = {text(network, "Id"): text(network, "Name") for network in networks}
        overlay = HostOverlay(judge.host, names.get, find_taken(networks))
        self.judge = replace(judge, host=overlay, enforcement=replace(judge.enforcement, mode="enforce"))
        self.inventory = inventory
        self._containers = ListedContainers([*map(_read_object, inventory.containers)])
        self._fills = Fills.of(inventory.info, judge.host.moment().daemon())

    def judge_all(self) -> Iterator[JudgedObject]:
        """Everything that users made: of swarm's tasks only the service, and no networks that the daemon makes."""
        existing = self.inventory
        containers = [each for each in existing.containers if text(_read_object(each), "Id") not in existing.tasks]
        for thing in (*containers, *existing.services, *existing.volumes, *existing.networks):
            request = inspected.make_request(thing)
            if request is not None:
                yield self.judge_object(request, _read_object(thing))

    def judge_object(self, request: Inspected, thing: Mapping[str, JSON]) -> JudgedObject:
        """The object of this request, with its decision."""
        kind = next(each for each in _KINDS if request.operation == f"{each.capitalize()}Create")
        made, moment = remove_filled(request, self._fills), self.judge.host.moment()
        notes, facts = None, dict[str, JSON]()
        with suppress(Refused):
            document = describe_making(made, NO_IDENTITY.make_document(), self.judge.shapes, moment, {})
            facts = child(document, "facts")
            # What it takes over from containers of the inventory, as if dockerd had been asked.
            if joined := joined_containers.find_joined(document, Meanings(self._containers), moment):
                notes = HostNotes({"joined": {"": joined}, "objects": {"": {}}})
        decision = self.judge.decide_making(made, "scan", time.time(), notes)
        id = text(thing, "Id") or text(thing, "ID") or request.name
        if kind == "container" and thing and self.judge.policy.images.asks:
            decision = self._judge_image(decision, thing)
        return JudgedObject(kind, request.name, id, thing, facts, decision)

    def _judge_image(self, created: Decision, thing: Mapping[str, JSON]) -> Decision:
        """The decision with what a start says of the container's image: the name can mean another one by now."""
        judge, now = self.judge, time.time()
        if judge.images is None:
            return created
        start = CallParameters("ContainerStart", "POST", None, {"id": text(thing, "Id")}, {})
        unknown, store = NO_IDENTITY.make_document(), judge.images(judge.policy.images)
        document = build_document(start, unknown, Canonical(None, ()), judge.host.moment())
        try:
            document["objects"] = dict(describe_container(ExistingContainer.read(thing), store, now))
        except RecordUnreadable as error:
            raise Refused("host-unreadable", "Image") from error
        about = [rule for rule in judge.policy.rules if reads_vouching(judge.policy.rules[rule].schema)]
        violations = judge.find_violations(document, now, judge.enforcement)
        others = [violation for violation in created.violations if violation.rule not in about]
        return replace(created, violations=(*others, *(one for one in violations if one.rule in about)))


def _read_object(thing: JSON) -> Mapping[str, JSON]:
    return as_object(thing, "")


def count_kinds(judged: Sequence[JudgedObject]) -> dict[str, int]:
    return {kind: sum(each.kind == kind for each in judged) for kind in _KINDS}
