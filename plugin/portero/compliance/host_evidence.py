"""Reads the JSON of `portero host`: the status of each rule about the host.

The file is untrusted: another shape is refused, and characters that steer a terminal are replaced.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias, cast

from portero.values.json_fields import need, need_texts
from portero.values.json_types import JSON
from portero.values.spelling import make_printable

HostStatus: TypeAlias = Literal["holds", "violated", "unknown", "not checked"]

_MAX_TEXT = 200
_MAX_PLACES = 5
_WITHOUT_DOCKER = "Docker is not installed on the host"


class NotAHostReport(Exception):
    """The document is no report of `portero host`."""


@dataclass(frozen=True, slots=True)
class HostFact:
    """The status of one rule, and where its facts were read."""

    status: HostStatus
    places: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class HostEvidence:
    """One check of one host. `time`: when it was, empty where the document does not say."""

    profile: str
    time: str
    facts: Mapping[str, HostFact]

    def fact(self, rule: str) -> HostFact:
        """The status of a rule."""
        return self.facts.get(rule) or HostFact("not checked", (f"left out of the check under profile {self.profile}",))


def read_evidence(document: JSON) -> HostEvidence:
    """The evidence in a document of `portero host --format json`; raises NotAHostReport."""
    try:
        return _read(cast("dict[str, JSON]", document))
    except (TypeError, AttributeError):
        raise NotAHostReport from None


def _read(document: dict[str, JSON]) -> HostEvidence:
    facts = {_show(rule): HostFact("holds") for rule in need_texts(document, "passed")}
    for rule in need_texts(document, "notApplicable"):
        facts[_show(rule)] = HostFact("not checked", (_WITHOUT_DOCKER,))
    for rule, needed in need({"waiting": {}} | document, "waiting", dict).items():
        facts[_show(rule)] = HostFact("not checked", (f"{_show(str(needed))} is violated",))
    for finding in need(document, "findings", list):
        entry = cast("dict[str, JSON]", finding)
        rule, status, at = (_show(need(entry, name, str)) for name in ("rule", "status", "at"))
        if status not in ("violated", "unknown"):
            raise TypeError
        earlier = facts.get(rule)
        places = earlier.places if earlier is not None and earlier.status in ("violated", "unknown") else ()
        # Violated at one place counts more than unknown at another.
        worst = "violated" if earlier is not None and earlier.status == "violated" else status
        facts[rule] = HostFact(cast(HostStatus, worst), (*places, at)[:_MAX_PLACES])
    profile, time = (_show(need({"time": ""} | document, name, str)) for name in ("profile", "time"))
    return HostEvidence(profile, time, facts)


def _show(text: str) -> str:
    return make_printable(text[:_MAX_TEXT])
