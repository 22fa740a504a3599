"""What a check of the host shows: the JSON of `portero host` in, the status of each rule about the host out.

The file may come from anywhere: another shape is refused, and characters that steer a terminal are replaced.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias, cast

from portero.spelling import printable
from portero.types import JSON

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
    except (KeyError, TypeError, AttributeError):
        raise NotAHostReport from None


def _read(document: Mapping[str, JSON]) -> HostEvidence:
    facts = {_text(rule): HostFact("holds") for rule in _list(document["fine"])}
    for rule in _list(document["notApplicable"]):
        facts[_text(rule)] = HostFact("not checked", (_WITHOUT_DOCKER,))
    for finding in _list(document["findings"]):
        entry = cast("dict[str, JSON]", finding)
        rule, status, at = (_text(entry[name]) for name in ("rule", "status", "at"))
        if status not in ("violated", "unknown"):
            raise TypeError
        known = facts.get(rule)
        places = known.places if known is not None and known.status in ("violated", "unknown") else ()
        # What is certainly violated at one place is so, whatever else is unknown.
        worst = "violated" if known is not None and known.status == "violated" else status
        facts[rule] = HostFact(cast(HostStatus, worst), (*places, at)[:_MOST_PLACES])
    return HostEvidence(_text(document["profile"]), _text(document.get("time", "")), facts)


def _list(value: JSON) -> list[JSON]:
    if not isinstance(value, list):
        raise TypeError
    return value


def _text(value: JSON) -> str:
    if not isinstance(value, str):
        raise TypeError
    return printable(value[:_LONGEST])
