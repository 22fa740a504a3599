"""What the host answered to a request, as JSON and back."""

from collections.abc import Mapping
from ipaddress import IPv4Network, IPv6Network, ip_network
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from portero.decide.identity.caller import Identity
from portero.decide.interfaces.daemon import DaemonDefaults
from portero.decide.interfaces.host import DeviceAccess, HostEntry, HostRoutes, Passage, Trace
from portero.decide.interfaces.host_notes import HostNotes
from portero.decide.values.dataclass import fields, is_dataclass
from portero.decide.values.json_fields import JSON
from portero.decide.values.refusals import Refused

# The answers by question; what rules see of existing objects is JSON already.
_TYPES: Mapping[str, Any] = {
    "entry": HostEntry,
    "trace": Trace,
    "passage": Passage,
    "account": str,
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
