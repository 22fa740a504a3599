"""Finds the site value that would make one violation legal. Each is proved: the rule is compiled again with it."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import cast

from portero.decision import Violation
from portero.engine.rust import RUST
from portero.policy import site
from portero.policy.at import follow
from portero.policy.json_files import find_faults
from portero.policy.policy import Policy
from portero.policy.rule import Rule
from portero.values.json_types import JSON
from portero.values.sizes import written_size

_KEY = re.compile(r'"site#/\$defs/([a-z-]+?)(?:-within|-listed)?"')
_NUMBERS = ("size", "figure")
_LISTS = ("path-list", "exact-path-list", "name-list", "prefix-list", "optional-name-list", "subnet-list")
# A path that a baseline rule refuses is a way to the host: a value for all containers would open it for all.
_PATHS = ("path-list", "exact-path-list")
_LETTERS = "rwm"


@dataclass(frozen=True, slots=True)
class SiteValue:
    """A value that makes a violation legal: an entry to add to the list `key`, or its new number."""

    key: str
    value: JSON


@dataclass(slots=True)
class SiteValues:
    """Looks for site values under one policy. `schema`: site.schema.json; `request`: request.json."""

    policy: Policy
    schema: Mapping[str, JSON]
    request: Mapping[str, JSON]
    _known: dict[tuple[str, str], bool] = field(default_factory=dict)

    def find(self, violation: Violation, document: JSON) -> SiteValue | None:
        """The first value that is proved to make every refused value of the violation legal; None without one."""
        rule = self.policy.rules.get(violation.rule)
        if rule is None or not violation.paths:
            return None
        refused = [follow(document, path) for path in violation.paths]
        becomes = site.list_keys(self.schema)
        for key in keys_of(rule):
            if rule.level == "baseline" and becomes[key] in _PATHS:
                continue
            for candidate in _candidates(becomes[key], refused):
                if self._helps(rule, SiteValue(key, candidate), violation, document):
                    return SiteValue(key, candidate)
        return None

    def widened(self, found: SiteValue, values: Mapping[str, JSON]) -> dict[str, JSON]:
        """The site's values with one more."""
        old = values[found.key]
        if isinstance(old, list):
            return {**values, found.key: old if found.value in old else [*old, found.value]}
        return {**values, found.key: found.value}

    def _helps(self, rule: Rule, found: SiteValue, violation: Violation, document: JSON) -> bool:
        refused = json.dumps([follow(document, path) for path in violation.paths], sort_keys=True)
        known = rule.id, f"{found.key} {json.dumps(found.value)} {refused}"
        if known not in self._known:
            values = self.widened(found, self.policy.site)
            self._known[known] = not any(
                find_faults({found.key: values[found.key]}, self._schema_of(found.key))
            ) and not ({*violation.paths} & {*self._failures(rule, values, document)})
        return self._known[known]

    def _failures(self, rule: Rule, values: Mapping[str, JSON], document: JSON) -> Sequence[tuple[str | int, ...]]:
        resources = {"site": {"$defs": site.make_definitions(values, self.schema)}, "request": self.request}
        return RUST.compile(dict(rule.schema), resources).failures(document)

    def _schema_of(self, key: str) -> dict[str, JSON]:
        properties = cast(dict[str, JSON], self.schema["properties"])
        return {"properties": {key: properties[key]}, "$defs": self.schema["$defs"]}


def keys_of(rule: Rule) -> list[str]:
    """The site values that a rule refers to, in the rule's order."""
    return list(dict.fromkeys(_KEY.findall(json.dumps(rule.schema))))


def _candidates(becomes: str, refused: Sequence[JSON]) -> Iterator[JSON]:
    """What the refused values propose for a key of this kind."""
    if becomes in _NUMBERS:
        numbers = [value for value in refused if isinstance(value, int | float) and not isinstance(value, bool)]
        if numbers:
            yield written_size(int(max(numbers))) if becomes == "size" else _whole(max(numbers))
    elif becomes == "device-list":
        yield from (_device(value) for value in refused if isinstance(value, dict) and "permissions" in value)
    elif becomes == "registry-list":
        yield from (value["registry"] for value in refused if isinstance(value, dict) and value.get("registry"))
    elif becomes == "log-address-list":
        yield from (value["address"] for value in refused if isinstance(value, dict) and value.get("address"))
    elif becomes in _LISTS:
        for value in refused:
            yield from _scalars(value)


def _scalars(value: JSON) -> Iterator[JSON]:
    """The value itself, or what stands in it by name, but where it stands."""
    if isinstance(value, str | int) and not isinstance(value, bool):
        yield value
    elif isinstance(value, dict):
        paths = value.get("paths")
        yield from paths if isinstance(paths, list) else ()
        inner = (each for name, each in value.items() if name != "at")
        yield from (each for each in inner if isinstance(each, str | int) and not isinstance(each, bool))


def _device(value: Mapping[str, JSON]) -> JSON:
    asked = str(value["permissions"])
    return {"path": value.get("path"), "permissions": "".join(letter for letter in _LETTERS if letter in asked)}


def _whole(number: float) -> JSON:
    return int(number) if number == int(number) else number
