"""One line of a recording: a request of dockerd without its secrets, and the decision on it.

Lines are written by `portero serve` and read by `portero replay`, which reads bare captures {"envelope": ...} as well.
A part that cannot be masked is not stored: the line then names it in `withheld` and has the decision. A token is never
stored; `host` has its user, so that a request can be decided again when its token or certificate has expired, and what
the host answered, so that it is decided by the same.
"""

import json
from collections.abc import Mapping
from ipaddress import IPv4Network, IPv6Network, ip_network
from types import NoneType, UnionType
from typing import Any, Literal, Union, cast, get_args, get_origin, get_type_hints

from portero.decide.decision import LOG_VERSION, Decision
from portero.decide.identity.caller import Identity
from portero.decide.interfaces.daemon import DaemonDefaults
from portero.decide.interfaces.host import DeviceAccess, HostEntry, HostRoutes, Passage, Trace
from portero.decide.interfaces.host_notes import HostNotes
from portero.decide.reading import envelope
from portero.decide.values.dataclass import dataclass, fields, is_dataclass
from portero.decide.values.errors import PorteroError
from portero.decide.values.json_fields import need
from portero.decide.values.json_objects import load_json
from portero.decide.values.json_types import JSON
from portero.decide.values.refusals import Refused
from portero.tools.recording.masking import Unmaskable, mask_document, mask_request

# The answers by question; what rules see of existing objects is JSON already.
_TYPES: Mapping[str, Any] = {
    "entry": HostEntry,
    "trace": Trace,
    "passage": Passage,
    "network": str | None,
    "daemon": DaemonDefaults,
    "devices": DeviceAccess,
    "routes": HostRoutes | None,
    "switched-off": frozenset[str],
    "identity": Identity,
    "joined": JSON,
    "objects": JSON,
}
_REFUSED = "refused"


def write_notes(notes: HostNotes) -> dict[str, JSON]:
    return {
        question: {about: _to_json(answer) for about, answer in answers.items()}
        for question, answers in notes.answers.items()
    }


def read_notes(document: JSON) -> HostNotes:
    """The answers that were written; raises ValueError, LookupError or TypeError for anything else."""
    if not isinstance(document, dict):
        raise TypeError
    known: dict[str, dict[str, Any]] = {}
    for question, answers in document.items():
        if not isinstance(answers, dict):
            raise TypeError
        known[question] = {about: _read_answer(_TYPES[question], answer) for about, answer in answers.items()}
    return HostNotes(known)


def _to_json(value: Any) -> JSON:
    if isinstance(value, Refused):
        return {_REFUSED: [value.code, value.at]}
    if is_dataclass(value):
        return {field.name: _to_json(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, Mapping):
        return {str(name): _to_json(inner) for name, inner in value.items()}
    if isinstance(value, tuple | list | frozenset):
        return [_to_json(inner) for inner in (sorted(value) if isinstance(value, frozenset) else value)]
    return str(value) if isinstance(value, IPv4Network | IPv6Network) else value


def _read_answer(kind: Any, value: JSON) -> Any:
    if isinstance(value, dict) and [*value] == [_REFUSED]:
        code, at = map(str, _check(value[_REFUSED], list))
        return Refused(code, at)
    return _from_json(kind, value)


def _from_json(kind: Any, value: Any) -> Any:
    """The value as this type, which is one of those in the answers; raises TypeError or ValueError."""
    if kind is JSON:
        return value
    origin, inner = get_origin(kind), get_args(kind)
    if is_dataclass(kind):
        hints = get_type_hints(kind)
        return kind(**{name: _from_json(hints[name], each) for name, each in _check(value, dict).items()})  # type: ignore[operator]
    if origin in (Union, UnionType):
        if IPv4Network in inner:
            return ip_network(_check(value, str))
        return None if value is None else _from_json(next(each for each in inner if each is not NoneType), value)
    if origin is tuple:
        return tuple(_from_json(inner[0], each) for each in _check(value, list))
    if origin is frozenset:
        return frozenset(_from_json(inner[0], each) for each in _check(value, list))
    if origin is Literal:
        if value not in inner:
            raise ValueError("another word")
        return value
    if origin is not None:  # a mapping
        return {name: _from_json(inner[1], each) for name, each in _check(value, dict).items()}
    return float(value) if kind is float and isinstance(value, int) else _check(value, kind)


def _check(value: Any, kind: type) -> Any:
    if type(value) is not kind:
        raise TypeError
    return value


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
