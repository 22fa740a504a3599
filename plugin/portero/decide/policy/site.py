"""The operator's values (site.json) and the schemas that rules refer to as `site#/$defs/<key>`.

Values of each folder in, merged values and `$defs` out. site.schema.json describes what each value does.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from ipaddress import ip_network
from pathlib import PurePosixPath
from typing import cast

from portero.decide.identity.caller import PAIRS
from portero.decide.policy import doors
from portero.decide.values.go_values import parse_size
from portero.decide.values.ip_ranges import format_prefix
from portero.decide.values.json_fields import JSON, to_object

# How a rule begins a reference to one of them.
REFERENCE = "site#/$defs/"
_DOORS = "door-list"
_NOTHING: dict[str, JSON] = {"not": {}}
# Any character that can stand in a path, a line feed included: a protected path must not escape by one.
_BELOW = r"(/[^\x00]*)?"
# Characters; a longer list is spread over several patterns. jsonschema-rs compiles no pattern beyond some 200,000.
_MAX_PATTERN_LENGTH = 32_768


def merge_sites(sites: Iterable[Mapping[str, JSON]]) -> dict[str, JSON]:
    """Later values over earlier ones, key by key; `actions` and `door-lists` entry by entry: one leaves the others."""
    values: dict[str, JSON] = {}
    merged: dict[str, dict[str, JSON]] = {"actions": {}, doors.LISTS: {}}
    for site in sites:
        for key, entries in merged.items():
            # A value of another type is a fault that the schema finds.
            entries |= to_object(site.get(key))
        values |= site
    return {**values, **merged}


def list_keys(site_schema: Mapping[str, JSON]) -> dict[str, str]:
    """What becomes of each key that rules can refer to."""
    properties = cast("dict[str, dict[str, str]]", site_schema["properties"])
    return {key: about["becomes"] for key, about in properties.items() if "becomes" in about}


def list_names(site_schema: Mapping[str, JSON]) -> set[str]:
    """The names after site#/$defs/ that rules can refer to."""
    becomes = list_keys(site_schema)
    return {*becomes, *(f"{key}{_SECONDS[made][0]}" for key, made in becomes.items() if made in _SECONDS)}


def make_definitions(values: Mapping[str, JSON], site_schema: Mapping[str, JSON]) -> dict[str, JSON]:
    """The `$defs` of `site`: one schema for each key. The values have passed site.schema.json."""
    definitions: dict[str, JSON] = {}
    for key, becomes in list_keys(site_schema).items():
        value = values[key] if becomes != _DOORS else dict(values)
        definitions[key] = _MAKERS[becomes](value)
        if becomes in _SECONDS:
            end, make = _SECONDS[becomes]
            definitions[f"{key}{end}"] = make(value)
    return definitions


def _match_paths(value: JSON) -> JSON:
    return _match_at_or_below(cast("list[str]", value)) if value else dict(_NOTHING)


def _match_protected_paths(value: JSON) -> JSON:
    paths = cast("list[str]", value)
    if not paths:
        return dict(_NOTHING)
    above = sorted({str(parent) for path in paths for parent in PurePosixPath(path).parents})
    within = _match_at_or_below(paths)
    return {"anyOf": [within, {"enum": [*above]}]} if above else within


def _match_names(value: JSON) -> JSON:
    return {"enum": value} if value else dict(_NOTHING)


def _require_name(value: JSON) -> JSON:
    """Of an object: it has a listed name. (To look at each name of 10,000 takes half a millisecond.)"""
    names = cast("list[str]", value)
    return {"type": "object", "anyOf": [{"required": [name]} for name in names]} if names else dict(_NOTHING)


def _match_methods(value: JSON) -> JSON:
    """A listed way to identify a user; two of them together are both."""
    methods = cast("list[str]", value)
    pairs = [pair for pair, parts in PAIRS.items() if {*parts} & {*methods}]
    return _match_names([*dict.fromkeys([*methods, *pairs])])


def _match_patterns(value: JSON) -> JSON:
    names = cast("list[str]", value)
    whole: list[JSON] = [name for name in names if "*" not in name]
    patterns = [_escape(name).replace(r"\*", r"[^\x00]*") for name in names if "*" in name]
    either = [*([{"enum": whole}] if whole else []), *([_match_any(patterns, "$")] if patterns else [])]
    return {"anyOf": cast("list[JSON]", either)} if either else dict(_NOTHING)


def _match_devices(value: JSON) -> JSON:
    devices: list[JSON] = []
    for device in cast("list[dict[str, str]]", value):
        subset = "".join(f"{letter}?" for letter in device["permissions"])
        permissions: JSON = {"type": "string", "pattern": f"^{subset}$"}
        properties: JSON = {"path": {"const": device["path"]}, "permissions": permissions}
        devices.append({"type": "object", "required": ["path", "permissions"], "properties": properties})
    return {"anyOf": devices} if devices else dict(_NOTHING)


def _limit_number(value: JSON) -> JSON:
    minimum, maximum = cast("list[JSON]", value)
    return {"type": "number", "minimum": minimum, "maximum": maximum}


def _match_registries(value: JSON) -> JSON:
    registries = cast("list[str]", value)
    return {"anyOf": [_match_registry(registry) for registry in registries]} if registries else {}


def _match_registry(registry: str) -> JSON:
    """Of an image fact: that registry, and below the folder when one is named; what may be an ID is from anywhere."""
    host, _, folder = registry.partition("/")
    properties: dict[str, JSON] = {"registry": {"const": host}, "mayBeId": {"const": False}}
    if folder:
        properties["repository"] = _match_at_or_below([folder])
    return {"properties": properties}


def _match_subnets(value: JSON) -> JSON:
    """Of a subnet fact; its prefix begins with that of the range that it lies in."""
    prefixes = [format_prefix(ip_network(subnet, strict=False)) for subnet in cast("list[str]", value)]
    if not prefixes:
        return {"properties": {"hostAddress": {"const": False}}}
    return {"properties": {"prefix": _match_any(prefixes, "")}}


def _limit_rates(value: JSON) -> JSON:
    """Of the fact blockIO: each rate of each device is limited, and no entry goes beyond."""
    rates: list[tuple[dict[str, JSON], int]] = [
        ({"device": {"const": device["path"]}, "limit": {"const": limit}}, parse_size(rate))
        for device in cast("list[dict[str, str]]", value)
        for limit, rate in device.items()
        if limit != "path"
    ]
    return {"allOf": [_limit_rate(named, rate) for named, rate in rates]} if rates else {}


def _limit_rate(named: Mapping[str, JSON], rate: int) -> JSON:
    within: JSON = {"rate": {"minimum": 1, "maximum": rate}}
    return {
        "contains": {"properties": {**named}},
        "items": {"if": {"properties": {**named}}, "then": {"properties": within}},
    }


def encode_version(version: str) -> int:
    """26.1.5 -> 26001005, so that versions compare as numbers; a part that is missing is 0."""
    major, minor, patch = [*map(int, version.split(".")), 0, 0][:3]
    return (major * 1000 + minor) * 1000 + patch


def _match_at_or_below(paths: Sequence[str]) -> JSON:
    if "/" in paths:
        return {"type": "string", "pattern": r"^/[^\x00]*$"}
    return _match_any([_escape(path) for path in paths], f"{_BELOW}$")


def _match_any(patterns: Sequence[str], end: str) -> JSON:
    """A string that begins with one of these patterns, and then ends so. Engines bound how long a pattern may be."""
    together: list[list[str]] = [[]]
    room = _MAX_PATTERN_LENGTH
    for pattern in patterns:
        if len(pattern) > room and together[-1]:
            together.append([])
            room = _MAX_PATTERN_LENGTH
        together[-1].append(pattern)
        room -= len(pattern) + 1
    first, *others = (f"^({'|'.join(each)}){end}" for each in together)
    if not others:
        return {"type": "string", "pattern": first}
    return {"type": "string", "anyOf": [{"pattern": one} for one in (first, *others)]}


def _escape(path: str) -> str:
    # re.escape would also escape characters whose escape means nothing to the other engine.
    return re.sub(r"([\\.+*?()\[\]{}|^$])", r"\\\1", path)


_MAKERS: Mapping[str, Callable[[JSON], JSON]] = {
    "path-list": _match_paths,
    "exact-path-list": _match_names,
    "protected-path-list": _match_protected_paths,
    "name-list": _match_names,
    "label-list": _match_names,
    "method-list": _match_methods,
    "pattern-list": _match_patterns,
    # Of an address in the fact log: a listed one; with an empty list any that is not this host's.
    "log-address-list": lambda value: {
        "properties": {"address": {"enum": value}} if value else {"local": {"const": False}}
    },
    "device-list": _match_devices,
    "size": lambda value: {"type": "number", "maximum": parse_size(cast("str | int", value))},
    "figure": lambda value: {"type": "number", "maximum": value},
    "range": _limit_number,
    "optional-name-list": lambda value: {"enum": value} if value else {},
    "registry-list": _match_registries,
    _DOORS: lambda values: doors.make_operations(cast("dict[str, JSON]", values)),
    "rate-list": _limit_rates,
    "subnet-list": _match_subnets,
    "version": lambda value: {"type": "number", "minimum": encode_version(cast(str, value))},
}
# Their second schemas, and how the names of these end.
_SECONDS: Mapping[str, tuple[str, Callable[[JSON], JSON]]] = {
    # A listed path is exact for what is allowed; what is below it is what a container may then change.
    "exact-path-list": ("-within", _match_paths),
    # None with an empty list, which otherwise stands for all.
    "registry-list": ("-listed", lambda value: _match_registries(value) if value else dict(_NOTHING)),
    # Who may mount a door.
    _DOORS: ("-mounted", lambda values: doors.make_mounted(cast("dict[str, JSON]", values))),
    # Ranges outside which there is no network, which an empty list does not bound.
    "subnet-list": ("-only", lambda value: _match_subnets(value) if value else {}),
    "label-list": ("-present", _require_name),
}
