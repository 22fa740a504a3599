"""One line of a recording: what dockerd asked, without its secrets, and what was decided.

Lines are written by `portero serve` and read by `portero replay`, which reads bare captures {"envelope": ...} as well.
What could not be masked is not stored: the line then names it in `withheld` and keeps the decision. A token is never
stored; `identity` says who asked, so that a request can be decided again when its token or certificate has expired.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast

from portero.decision import LOG_VERSION, Decision
from portero.identity.caller import Identity
from portero.reading import envelope
from portero.recording.masking import Unmaskable, masked
from portero.refusals import Refused
from portero.values.json_fields import need
from portero.values.json_types import JSON

FORMAT = 1
# Bytes: an envelope of the largest size, as a line.
LONGEST_LINE = 32 << 20


class InvalidRecordLine(Exception):
    """A line that is no line of a recording."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """The outcome of a request. `rules`: those that refused it; `at`: the place of the first violation."""

    allowed: bool
    rules: tuple[str, ...]
    at: str
    operation: str
    user: str
    image: str

    @classmethod
    def of(cls, line: Mapping[str, JSON]) -> "Outcome":
        """From a line of the decision log; raises LookupError or TypeError when it is none."""
        denials = [entry for entry in cast(list[dict[str, str]], line["violations"]) if entry["action"] == "deny"]
        rules = tuple(dict.fromkeys(entry["rule"] for entry in denials))
        at = denials[0]["at"] if denials else ""
        names = (str(line[name] or "") for name in ("operation", "user", "image"))
        return cls(line["allowed"] is True, rules, at, *names)


@dataclass(frozen=True, slots=True)
class Recorded:
    """One recorded request. `asked` is None when it was withheld, `outcome` when no decision was recorded.

    `known`: who asked, by certificate or token.
    """

    asked: bytes | None
    outcome: Outcome | None
    id: str
    known: Identity | None = None


def written(data: bytes, decision: Decision, most: int) -> bytes:
    """The line about one request and its decision, of `most` bytes at most."""
    line: dict[str, JSON] = {"format": FORMAT, "phase": "req", **_request(data), **_who(decision)}
    line["decision"] = decision.line(0)
    text = _line(line)
    if len(text) <= most:
        return text
    return _line({"format": FORMAT, "phase": "req", "withheld": "size", "decision": decision.line(0)})


def read(line: bytes) -> Recorded | None:
    """The request in a line, None for one of Docker's answers; raises InvalidRecordLine."""
    try:
        document = json.loads(line)
        if document.get("phase") == "res":
            return None
        decision = document.get("decision")
        if decision is None:
            return Recorded(_asked(document), None, "")
        asked = None if "withheld" in document else _asked(document)
        known = Identity.of(document["identity"]) if "identity" in document else None
        if decision["version"] != LOG_VERSION:
            raise InvalidRecordLine
        return Recorded(asked, Outcome.of(decision), str(decision["id"]), known)
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
        raise InvalidRecordLine from None


def _request(data: bytes) -> dict[str, JSON]:
    try:
        return {"envelope": masked(envelope.read_envelope(data))}
    except Refused:
        return {"withheld": "envelope"}
    except Unmaskable as unmaskable:
        return {"withheld": str(unmaskable)}


def _who(decision: Decision) -> dict[str, JSON]:
    subject = decision.subject
    if not subject.identified_by:
        return {}
    return {"identity": Identity(subject.user, subject.groups, subject.identified_by, subject.names).document()}


def _asked(document: Mapping[str, JSON]) -> bytes:
    return json.dumps(need(document, "envelope", dict)).encode()


def _line(document: Mapping[str, JSON]) -> bytes:
    return json.dumps(document, ensure_ascii=True, separators=(",", ":")).encode() + b"\n"
