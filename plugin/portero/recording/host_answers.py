"""What the host said about a recorded request (host/notes.py), as JSON and back.

A replay decides by these answers: the host, its daemon and its objects are others by then, or are elsewhere.
"""

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from ipaddress import IPv4Network, IPv6Network, ip_network
from types import MappingProxyType, NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from portero.dockerd.daemon_defaults import DaemonDefaults
from portero.dockerd.device_access import DeviceAccess
from portero.host.network import HostRoutes
from portero.host.notes import HostNotes
from portero.host.view import HostEntry, Passage, Trace
from portero.identity.caller import Identity
from portero.refusals import Refused
from portero.values.json_types import JSON

# The answers by question; what rules see of existing objects is JSON already.
_TYPES: Mapping[str, Any] = MappingProxyType(
    {
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
)
_REFUSED = "refused"


def write_notes(notes: HostNotes) -> dict[str, JSON]:
    """The answers as JSON."""
    return {
        question: {about: _write(answer) for about, answer in answers.items()}
        for question, answers in notes.known.items()
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


def _write(value: Any) -> JSON:
    if isinstance(value, Refused):
        return {_REFUSED: [value.code, value.at]}
    if is_dataclass(value):
        return {field.name: _write(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, Mapping):
        return {str(name): _write(inner) for name, inner in value.items()}
    if isinstance(value, tuple | list | frozenset):
        return [_write(inner) for inner in (sorted(value) if isinstance(value, frozenset) else value)]
    return str(value) if isinstance(value, IPv4Network | IPv6Network) else value


def _read_answer(kind: Any, value: JSON) -> Any:
    if isinstance(value, dict) and [*value] == [_REFUSED]:
        code, at = map(str, _check(value[_REFUSED], list))
        return Refused(code, at)
    return _read(kind, value)


def _read(kind: Any, value: Any) -> Any:
    """The value as this type, which is one of those in the answers; raises TypeError or ValueError."""
    if kind is JSON:
        return value
    origin, inner = get_origin(kind), get_args(kind)
    if is_dataclass(kind):
        hints = get_type_hints(kind)
        return kind(**{name: _read(hints[name], each) for name, each in _check(value, dict).items()})  # type: ignore[operator]
    if origin in (Union, UnionType):
        if IPv4Network in inner:
            return ip_network(_check(value, str))
        return None if value is None else _read(next(each for each in inner if each is not NoneType), value)
    if origin is tuple:
        return tuple(_read(inner[0], each) for each in _check(value, list))
    if origin is frozenset:
        return frozenset(_read(inner[0], each) for each in _check(value, list))
    if origin is Literal:
        if value not in inner:
            raise ValueError("another word")
        return value
    if origin is not None:  # a mapping
        return {name: _read(inner[1], each) for name, each in _check(value, dict).items()}
    return float(value) if kind is float and isinstance(value, int) else _check(value, kind)


def _check(value: Any, kind: type) -> Any:
    if type(value) is not kind:
        raise TypeError
    return value
