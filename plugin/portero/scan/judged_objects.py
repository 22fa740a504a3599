"""Existing objects judged as the requests that would make them now, without what dockerd filled in."""

import json
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias
from urllib.parse import urlencode

from portero.decision import Decision
from portero.facts import inspected
from portero.facts.daemon_filled import Fills, remove_filled
from portero.facts.inspected import Inspected
from portero.facts.subnets import find_taken
from portero.judging.judge import Judge
from portero.objects.known_networks import KnownNetworks
from portero.policy.policy import Policy
from portero.refusals import Refused
from portero.scan.inventory import Inventory
from portero.standin.envelopes import ClientRequest, envelope
from portero.values.json_fields import as_object, child, flag, text
from portero.values.json_types import JSON

Kind: TypeAlias = Literal["container", "service", "volume", "network"]

_KINDS: Mapping[str, Kind] = {
    "ContainerCreate": "container",
    "ServiceCreate": "service",
    "VolumeCreate": "volume",
    "NetworkCreate": "network",
}
_TARGETS = {
    "container": "/containers/create",
    "service": "/services/create",
    "volume": "/volumes/create",
    "network": "/networks/create",
}


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
        """Whether this is a container at work."""
        return self.kind == "container" and flag(child(self.thing, "State"), "Running")

    def escapes(self, policy: Policy) -> dict[str, list[str]]:
        """The rules for the safety of the host that it violates, each with its `at`s."""
        found: dict[str, list[str]] = {}
        for violation in self.decision.violations:
            rule = policy.rules.get(violation.rule)
            if rule is not None and violation.action == "deny" and rule.at_use:
                found.setdefault(rule.id, []).append(violation.at)
        return found


class Bench:
    """Judges what is in an inventory; the daemon's networks are known by their IDs."""

    def __init__(self, judge: Judge, inventory: Inventory) -> None:
        networks = [_object(network) for network in inventory.networks]
        names = {text(network, "Id"): text(network, "Name") for network in networks}
        known = KnownNetworks(judge.host, names.get, find_taken(networks))
        self.judge = replace(judge, host=known, enforcement=replace(judge.enforcement, mode="enforce"))
        self.inventory = inventory
        self._fills = Fills.of(inventory.info, judge.host.moment().daemon())

    def all(self) -> Iterator[JudgedObject]:
        """Everything that users made: of swarm's tasks only the service, and no networks of the daemon's own."""
        there = self.inventory
        mine = [thing for thing in there.containers if text(_object(thing), "Id") not in there.tasks]
        for thing in (*mine, *there.services, *there.volumes, *there.networks):
            found = inspected.make_request(thing)
            if found is not None:
                yield self.judged(found, _object(thing))

    def judged(self, found: Inspected, thing: Mapping[str, JSON]) -> JudgedObject:
        """One of them."""
        kind = _KINDS[found.operation]
        asked = _asked(kind, found.name, remove_filled(found, self._fills).body)
        decision = self.judge.decide(asked, "scan", time.time())
        id = text(thing, "Id") or text(thing, "ID") or found.name
        return JudgedObject(kind, found.name, id, thing, self._facts(asked), decision)

    def _facts(self, asked: bytes) -> Mapping[str, JSON]:
        try:
            return as_object(self.judge.document(asked, time.time())["facts"], "facts")
        except Refused:
            return {}


def _asked(kind: Kind, name: str, body: Mapping[str, JSON]) -> bytes:
    target = _TARGETS[kind] + (f"?{urlencode({'name': name})}" if kind == "container" else "")
    return envelope(ClientRequest("POST", target, [("Content-Type", "application/json")], json.dumps(body).encode()))


def _object(thing: JSON) -> Mapping[str, JSON]:
    return as_object(thing, "")


def counts(judged: Sequence[JudgedObject]) -> dict[str, int]:
    """How many there are of each kind."""
    return {kind: sum(each.kind == kind for each in judged) for kind in _TARGETS}
