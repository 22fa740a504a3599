"""Finds the site value that would make one violation legal. Each is proved: the rule is compiled again with it."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import cast

from portero.decide.decision import Violation
from portero.decide.engine.rust import RUST
from portero.decide.policy import site
from portero.decide.policy.at import follow
from portero.decide.policy.json_files import compile_faults
from portero.decide.policy.policy import Policy
from portero.decide.policy.rule import Rule
from portero.decide.values.dataclass import dataclass, field
from portero.decide.values.go_values import format_size
from portero.decide.values.json_fields import JSON

_KEY = re.compile(r'"site#/\$defs/([a-z-]+?)(?:-within|-listed)?"')
_NUMBERS = ("size", "figure")
_LISTS = ("path-list", "exact-path-list", "name-list", "prefix-list", "optional-name-list", "subnet-list")
# A path that a baseline rule refuses leads to the host: a site value would open it for all containers.
_PATHS = ("path-list", "exact-path-list")
_LETTERS = "rwm"


@dataclass(frozen=True, slots=True)
class SiteValue:
    """A value that makes a violation legal: an entry to add to the list `key`, or its new number."""

    key: str
    value: JSON


@dataclass(slots=True)
class SiteValues:
    """Finds site values under one policy. `schema`: site.schema.json; `request`: request.json."""

    policy: Policy
    schema: Mapping[str, JSON]
    request: Mapping[str, JSON]
    _cache: dict[tuple[str, str], bool] = field(default_factory=dict)

    def find_value(self, violation: Violation, document: JSON) -> SiteValue | None:
        """The first value that is proved to make every refused value of the violation legal; None without one."""
        rule = self.policy.rules.get(violation.rule)
        if rule is None or not violation.paths:
            return None
        refused = [follow(document, path) for path in violation.paths]
        kinds = site.list_keys(self.schema)
        for key in list_keys(rule):
            if rule.level == "baseline" and kinds[key] in _PATHS:
                continue
            for candidate in _list_candidates(kinds[key], refused):
                if self._makes_allowed(rule, SiteValue(key, candidate), violation, document):
                    return SiteValue(key, candidate)
        return None

    def widen(self, wanted: SiteValue, values: Mapping[str, JSON]) -> dict[str, JSON]:
        old, new = values[wanted.key], wanted.value
        if isinstance(old, list):
            new = old if new in old else [*old, new]
        return {**values, wanted.key: new}

    def _makes_allowed(self, rule: Rule, wanted: SiteValue, violation: Violation, document: JSON) -> bool:
        refused = json.dumps([follow(document, path) for path in violation.paths], sort_keys=True)
        key = rule.id, f"{wanted.key} {json.dumps(wanted.value)} {refused}"
        if key not in self._cache:
            values = self.widen(wanted, self.policy.site)
            properties = cast(dict[str, JSON], self.schema["properties"])
            schema = {"properties": {wanted.key: properties[wanted.key]}, "$defs": self.schema["$defs"]}
            is_valid = not compile_faults(schema)({wanted.key: values[wanted.key]})
            self._cache[key] = is_valid and not ({*violation.paths} & {*self._find_failures(rule, values, document)})
        return self._cache[key]

    def _find_failures(self, rule: Rule, values: Mapping[str, JSON], document: JSON) -> Sequence[tuple[str | int, ...]]:
        resources = {"site": {"$defs": site.make_definitions(values, self.schema)}, "request": self.request}
        return RUST.compile(dict(rule.schema), resources).failures(document)


def list_keys(rule: Rule) -> list[str]:
    """The site values that a rule refers to, in the rule's order."""
    return list(dict.fromkeys(_KEY.findall(json.dumps(rule.schema))))


def _list_candidates(kind: str, refused: Sequence[JSON]) -> Iterator[JSON]:
    """What the refused values propose for a key of this kind."""
    if kind in _NUMBERS:
        numbers = [value for value in refused if isinstance(value, int | float) and not isinstance(value, bool)]
        if numbers:
            most = max(numbers)
            yield format_size(int(most)) if kind == "size" else int(most) if most == int(most) else most
    elif kind == "device-list":
        yield from (_make_device(value) for value in refused if isinstance(value, dict) and "permissions" in value)
    elif kind == "registry-list":
        yield from (value["registry"] for value in refused if isinstance(value, dict) and value.get("registry"))
    elif kind == "log-address-list":
        yield from (value["address"] for value in refused if isinstance(value, dict) and value.get("address"))
    elif kind in _LISTS:
        for value in refused:
            yield from _list_scalars(value)


def _list_scalars(value: JSON) -> Iterator[JSON]:
    """The value itself, or the values in it, except `at`."""
    if isinstance(value, str | int) and not isinstance(value, bool):
        yield value
    elif isinstance(value, dict):
        paths = value.get("paths")
        yield from paths if isinstance(paths, list) else ()
        inner = (each for name, each in value.items() if name != "at")
        yield from (each for each in inner if isinstance(each, str | int) and not isinstance(each, bool))


def _make_device(value: Mapping[str, JSON]) -> JSON:
    permissions = str(value["permissions"])
    return {"path": value.get("path"), "permissions": "".join(letter for letter in _LETTERS if letter in permissions)}
