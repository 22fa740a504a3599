"""What is no fault of a site's rules and exceptions, but hardly meant: files in, a sentence for each out."""

from collections.abc import Iterator, Mapping, Sequence
from typing import cast

from portero.policy.dialect import ANY_OPERATION, keywords
from portero.policy.near_miss import list_parts
from portero.policy.rule import Rule
from portero.types import JSON

_CREATE = "ContainerCreate"
_OF_SERVICES = ("ServiceCreate", "ServiceUpdate")
# Facts that services have as containers have them.
_SHARED = ("image", "mounts")
_OPERATION = ("operation",)
# Parts of a request that it has or has not by its operation; what a body has is the user's choice.
_FIXED = ("facts", "identity")


def find_missing_services(rule: Rule) -> str:
    """A sentence for a rule on images or mounts that services get around; empty for any other."""
    missing = [name for name in _OF_SERVICES if name not in rule.operations]
    if _CREATE not in rule.operations or ANY_OPERATION in rule.operations or not missing:
        return ""
    named = {name for _, keyword, value in keywords(dict(rule.schema)) for name in _list_names(keyword, value)}
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
            if path == _OPERATION and part.keys() == {"const"} and ANY_OPERATION not in rule.operations:
                if part["const"] not in rule.operations:
                    yield f"operation: {rule.id} does not judge {part['const']}"
            elif path[:1] and path[0] in _FIXED and refused and not any(_has(document, path) for document in refused):
                yield f"{'.'.join(path)}: is in no request that {rule.id} refuses"


def _list_names(keyword: str, value: JSON) -> Iterator[str]:
    """The facts that a schema's `properties` names, wherever it stands."""
    if keyword == "properties" and isinstance(value, dict) and isinstance(value.get("facts"), dict):
        for _, inner, names in keywords(value["facts"]):
            if inner == "properties":
                yield from cast(Mapping[str, JSON], names)


def _has(document: JSON, path: Sequence[str]) -> bool:
    for name in path:
        if not isinstance(document, dict) or name not in document:
            return False
        document = document[name]
    return True
