"""One line of a recording: a request of dockerd without its secrets, and the decision on it.

Lines are written by `portero serve` and read by `portero replay`, which reads bare captures {"envelope": ...} as well.
A part that cannot be masked is not stored: the line then names it in `withheld` and has the decision. A token is never
stored; `host` has its user, so that a request can be decided again when its token or certificate has expired, and what
the host answered, so that it is decided by the same.
"""

import json
from collections.abc import Mapping
from typing import Any, cast

from portero.decide.decision import LOG_VERSION, Decision
from portero.decide.facts.masking import Unmaskable, mask_document, mask_request
from portero.decide.interfaces.host_notes import HostNotes
from portero.decide.reading import envelope
from portero.decide.values.dataclass import dataclass
from portero.decide.values.errors import PorteroError
from portero.decide.values.json_fields import JSON, need
from portero.decide.values.json_objects import load_json
from portero.decide.values.refusals import Refused
from portero.tools.recording.recorded_notes import read_notes, write_notes

FORMAT = 1
# Bytes: an envelope of the largest size, as a line.
MAX_LINE_BYTES = 32 << 20


class InvalidRecordLine(PorteroError):
    """A line that `make_record` did not write."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """The outcome of a request. `rules`: those that refused it; `at`: where the first violation is."""

    allowed: bool
    rules: tuple[str, ...]
    at: str
    operation: str
    user: str
    image: str

    @classmethod
    def of(cls, line: Mapping[str, JSON]) -> "Outcome":
        """From a line of the decision log; raises LookupError or TypeError on any other."""
        denials = [entry for entry in cast(list[dict[str, str]], line["violations"]) if entry["action"] == "deny"]
        rules = tuple(dict.fromkeys(entry["rule"] for entry in denials))
        at = denials[0]["at"] if denials else ""
        names = (str(line[name] or "") for name in ("operation", "user", "image"))
        return cls(line["allowed"] is True, rules, at, *names)


@dataclass(frozen=True, slots=True)
class RecordedRequest:
    """One recorded request. `envelope` is None when it was withheld, `outcome` when no decision was recorded.

    `notes`: who asked, and what the host answered; None where that was not recorded.
    """

    envelope: bytes | None
    outcome: Outcome | None
    id: str
    notes: HostNotes | None = None


def make_record(data: bytes, decision: Decision, max_bytes: int, notes: HostNotes | None = None) -> bytes:
    """The line about one request and its decision, of at most `max_bytes`."""
    line: dict[str, JSON] = {"format": FORMAT, "phase": "req", **_mask_request(data)}
    try:
        if notes is not None:
            written = write_notes(notes)
            # What dockerd reports of objects can hold what users wrote.
            seen = [question for question in ("joined", "objects") if question in written]
            line["host"] = written | {question: mask_document(written[question]) for question in seen}
    except Unmaskable:
        line["withheld"] = "host"
    line["decision"] = decision.line(0)
    text = _write_line(line)
    if len(text) <= max_bytes:
        return text
    return _write_line({"format": FORMAT, "phase": "req", "withheld": "size", "decision": decision.line(0)})


def read_record(line: bytes) -> RecordedRequest | None:
    """The request in a line; None for one of Docker's answers and of the host check. Raises InvalidRecordLine."""
    try:
        document: Any = load_json(line)
        if document.get("phase") == "res":
            return None
        decision = document.get("decision")
        if decision is not None and decision.get("probe") is True:
            return None
        is_withheld = decision is not None and "withheld" in document
        request = None if is_withheld else json.dumps(need(document, "envelope", dict)).encode()
        if decision is None:
            return RecordedRequest(request, None, "")
        notes = read_notes(document["host"]) if "host" in document else None
        if decision["version"] != LOG_VERSION:
            raise InvalidRecordLine
        return RecordedRequest(request, Outcome.of(decision), str(decision["id"]), notes)
    except (ValueError, LookupError, TypeError, AttributeError):
        raise InvalidRecordLine from None


def _mask_request(data: bytes) -> dict[str, JSON]:
    try:
        return {"envelope": mask_request(envelope.read_envelope(data))}
    except Refused:
        return {"withheld": "envelope"}
    except Unmaskable as unmaskable:
        return {"withheld": str(unmaskable)}


def _write_line(document: Mapping[str, JSON]) -> bytes:
    return json.dumps(document, ensure_ascii=True, separators=(",", ":")).encode() + b"\n"
