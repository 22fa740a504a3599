"""What a check of the host shows: the JSON of `portero host` in, the status of each rule about the host out.

The file may come from anywhere: another shape is refused, and characters that steer a terminal are replaced.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias, cast

from portero.values.json_fields import need, need_texts
from portero.values.json_types import JSON
from portero.values.spelling import printable

HostStatus: TypeAlias = Literal["holds", "violated", "unknown", "not checked"]

_LONGEST = 200
_MOST_PLACES = 5
_WITHOUT_DOCKER = "Docker is not installed on the host"


class NotAHostReport(Exception):
    """The document is none of `portero host`."""


@dataclass(frozen=True, slots=True)
class HostFact:
    """What was found of one rule, and where."""

    status: HostStatus
    places: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class HostEvidence:
    """One check of one host. `time`: when it was, empty where the document does not say."""

    profile: str
    time: str
    facts: Mapping[str, HostFact]

    def fact(self, rule: str) -> HostFact:
        """What was found of a rule."""
        return self.facts.get(rule) or HostFact("not checked", (f"left out of the check under profile {self.profile}",))


def read(document: JSON) -> HostEvidence:
    """The evidence in a document of `portero host --format json`; raises NotAHostReport."""
    try:
        return _read(cast("dict[str, JSON]", document))
    except (TypeError, AttributeError):
        raise NotAHostReport from None


def _read(document: dict[str, JSON]) -> HostEvidence:
    facts = {_show(rule): HostFact("holds") for rule in need_texts(document, "passed")}
    for rule in need_texts(document, "notApplicable"):
        facts[_show(rule)] = HostFact("not checked", (_WITHOUT_DOCKER,))
    for finding in need(document, "findings", list):
        entry = cast("dict[str, JSON]", finding)
        rule, status, at = (_show(need(entry, name, str)) for name in ("rule", "status", "at"))
        if status not in ("violated", "unknown"):
            raise TypeError
        known = facts.get(rule)
        places = known.places if known is not None and known.status in ("violated", "unknown") else ()
        # What is certainly violated at one place is so, whatever else is unknown.
        worst = "violated" if known is not None and known.status == "violated" else status
        facts[rule] = HostFact(cast(HostStatus, worst), (*places, at)[:_MOST_PLACES])
    profile, time = (_show(need({"time": ""} | document, name, str)) for name in ("profile", "time"))
    return HostEvidence(profile, time, facts)


def _show(text: str) -> str:
    return printable(text[:_LONGEST])
