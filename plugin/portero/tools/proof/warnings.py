"""Finds probable mistakes in valid rules and exceptions of a site, a sentence each.

`Impossible` finds conditions of an exception that no request document fulfils: a misspelt name, a value of another
type. It inspects only parts that have one shape in every request, not bodies.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import cast

from portero.decide.engine.rust import RUST
from portero.decide.policy.dialect import ANY, ANY_OPERATION, list_keywords
from portero.decide.policy.near_miss import list_parts
from portero.decide.policy.rule import Rule
from portero.decide.values.dataclass import dataclass
from portero.decide.values.json_fields import JSON
from portero.decide.values.spelling import suggest_name

_CREATE = "ContainerCreate"
_OF_SERVICES = ("ServiceCreate", "ServiceUpdate")
# Facts that services have as containers have them.
_SHARED = ("image", "mounts")
_OPERATION = ("operation",)
# Parts of a request that depend on its operation alone, not on the user.
_FIXED = ("facts", "identity")
_OF_ENTRIES = ("contains", "items")
_LOCAL = "#/$defs/"


def find_missing_services(rule: Rule) -> str:
    """A sentence for a rule on images or mounts that services get around; empty for any other."""
    missing = [name for name in _OF_SERVICES if name not in rule.operations]
    if _CREATE not in rule.operations or ANY_OPERATION in rule.operations or not missing:
        return ""
    named = {name for _, keyword, value in list_keywords(dict(rule.schema)) for name in _list_names(keyword, value)}
    spoken = [fact for fact in _SHARED if fact in named]
    if not spoken:
        return ""
    return (
        f"{rule.file}: judges {' and '.join(spoken)} of containers, not of services: "
        f"add {' and '.join(missing)} to operations"
    )


def list_dead_conditions(match: JSON, rules: Sequence[tuple[Rule, Sequence[JSON]]]) -> Iterator[str]:
    """A sentence for each condition of an exception that no request fulfils which a rule refuses.

    `rules`: those that it waives, each with the requests of its examples that are refused.
    """
    for path, part in list_parts(match):
        for rule, refused in rules:
            if path == _OPERATION and part.keys() == {"const"} and ANY.isdisjoint(rule.operations):
                if part["const"] not in rule.operations:
                    yield f"operation: {rule.id} does not judge {part['const']}"
            elif path[:1] and path[0] in _FIXED and refused and not any(_has(document, path) for document in refused):
                yield f"{'.'.join(path)}: is in no request that {rule.id} denies"


def _list_names(keyword: str, value: JSON) -> Iterator[str]:
    """The facts that a schema's `properties` names, wherever it stands."""
    if keyword == "properties" and isinstance(value, dict) and isinstance(value.get("facts"), dict):
        for _, inner, names in list_keywords(value["facts"]):
            if inner == "properties":
                yield from cast(Mapping[str, JSON], names)


def _has(document: JSON, path: Sequence[str]) -> bool:
    for name in path:
        if not isinstance(document, dict) or name not in document:
            return False
        document = document[name]
    return True


@dataclass(frozen=True, slots=True)
class Impossible:
    """`request`: request.json."""

    request: Mapping[str, JSON]

    def find(self, match: JSON) -> Iterator[str]:
        """A sentence for each condition that fails for every request."""
        for name, inner in _list_properties(match).items():
            if name in _FIXED:
                yield from self._list(inner, cast(dict[str, JSON], self.request["properties"])[name], name)
        for each in _list_all(match):
            yield from self.find(each)

    def _list(self, part: JSON, shape: JSON, at: str) -> Iterator[str]:
        described = self._resolve(shape)
        if not isinstance(part, dict) or not described:
            return
        names = cast(dict[str, JSON], described.get("properties", {}))
        for name, inner in _list_properties(part).items():
            if name in names:
                yield from self._list(inner, names[name], f"{at}.{name}")
            elif described.get("additionalProperties") is False:
                yield f"{at}.{name}: is in no request{suggest_name(name, sorted(names))}"
        for keyword in _OF_ENTRIES:
            if keyword in part and "items" in described:
                yield from self._list(part[keyword], described["items"], f"{at}[*]")
        for each in _list_all(part):
            yield from self._list(each, described, at)
        values = [part["const"]] if "const" in part else cast(list[JSON], part.get("enum", []))
        if values and not any(
            map(RUST.compile({**described, "$defs": self.request["$defs"]}, {}).is_satisfied, values)
        ):
            yield f"{at}: has no such value in any request: see schemas/request.json"

    def _resolve(self, shape: JSON) -> dict[str, JSON]:
        while isinstance(shape, dict) and str(shape.get("$ref", "")).startswith(_LOCAL):
            shape = cast(dict[str, JSON], self.request["$defs"])[str(shape["$ref"]).removeprefix(_LOCAL)]
        return shape if isinstance(shape, dict) else {}


def _list_properties(part: JSON) -> dict[str, JSON]:
    return cast(dict[str, JSON], part.get("properties", {})) if isinstance(part, dict) else {}


def _list_all(part: JSON) -> list[JSON]:
    return cast(list[JSON], part.get("allOf", [])) if isinstance(part, dict) else []
