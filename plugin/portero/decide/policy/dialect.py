"""The closed dialect of rule files: schemas/rule.json, and what a schema cannot say about a rule.

A keyword that is misspelt or outside the dialect would allow everything in silence, so it is a fault, at every depth.
Which schemas read `objects`, what the daemon has, is told too: the image is looked up only for those that read it.
"""

import json
from collections.abc import Iterator, Mapping, Set
from typing import cast

from portero.decide.engine.portable_schema import MANY_SCHEMAS, NAMED_SCHEMAS, ONE_SCHEMA
from portero.decide.flags.try_keyword import find_faults as proposal_faults
from portero.decide.policy.json_files import FindFaults
from portero.decide.policy.pattern import refuse_unsafe
from portero.decide.policy.site import REFERENCE
from portero.decide.policy.wording import find_site_faults
from portero.decide.values.errors import ContentRefused
from portero.decide.values.json_fields import JSON
from portero.decide.values.spelling import format_path, suggest_name

Step = str | int
# Order of the levels: a profile enforces the rules of its level and of those before it.
PROFILES = ("baseline", "hardened", "restricted")
ANY_OPERATION, ANY_READ = "*", "reads"
# Each stands for many operations.
ANY = frozenset({ANY_OPERATION, ANY_READ})
# A site may add threats. One that is close to one of these is a fault: two of these decide `atUse`.
THREATS = ("denial-of-service", "confidentiality", "container-escape", "host-compromise")
_IMAGE, _VOUCHING, _FOREIGN = '"image"', '"vouching"', '"foreign"'
# What `objects` holds only where the site value `ownership` names a label.
_OF_OWNERS = ("foreign", "owners", "ownerLabels", "takenVolumes")
# These speak of every object of the request.
_OF_ALL = ("additionalProperties", "propertyNames")


def find_rule_faults(
    rule: Mapping[str, JSON], find_shape_faults: FindFaults, operations: Set[str], references: Set[str]
) -> Iterator[str]:
    """One sentence for each fault. `operations`: the known ids; `references`: what a $ref may name."""
    if shape_faults := find_shape_faults(dict(rule)):
        # What follows reads the rule as if its shape were right.
        yield from shape_faults
        return
    yield from _find_operation_faults(rule, operations)
    yield from _find_example_faults(rule, operations)
    keys = {name.removeprefix(REFERENCE) for name in references if name.startswith(REFERENCE)}
    yield from proposal_faults(cast("dict[str, JSON]", rule.get("try", {})), keys)
    yield from find_site_faults(cast("dict[str, JSON]", rule.get("denial", {})), keys)
    yield from find_condition_faults(rule, references)


def find_condition_faults(rule: Mapping[str, JSON], references: Set[str]) -> Iterator[str]:
    """What a schema cannot say about any rule whose shape is right, be it about requests or about the host."""
    yield from _find_level_faults(rule)
    yield from _find_threat_faults(rule)
    allows, denies = (cast("dict[str, JSON]", rule[kind]) for kind in ("allows", "denies"))
    yield from (
        f"denies: '{command}' is allowed as well: keep one of the two" for command in allows if command in denies
    )
    yield from find_keyword_faults(rule, references)


def find_keyword_faults(schema: Mapping[str, JSON], references: Set[str]) -> Iterator[str]:
    """What is wrong with the values of a schema's keywords: unsafe patterns, references to nothing."""
    for path, keyword, value in list_keywords(dict(schema)):
        if keyword == "pattern":
            try:
                refuse_unsafe(cast(str, value))
            except ContentRefused as refused:
                yield f"{format_path((*path, keyword))}: the pattern {refused}"
        elif keyword == "$ref" and value not in references:
            close = suggest_name(cast(str, value), sorted(references))
            yield f"{format_path((*path, keyword))}: '{value}' does not exist{close}"


def list_keywords(schema: JSON, path: tuple[Step, ...] = ()) -> list[tuple[tuple[Step, ...], str, JSON]]:
    """Every keyword of a schema at every depth: where its schema stands, its name, its value."""
    found: list[tuple[tuple[Step, ...], str, JSON]] = []
    _gather_keywords(schema, path, found)
    return found


def _gather_keywords(schema: JSON, path: tuple[Step, ...], found: list[tuple[tuple[Step, ...], str, JSON]]) -> None:
    if not isinstance(schema, dict):
        return
    for keyword, value in schema.items():
        found.append((path, keyword, value))
        if keyword in ONE_SCHEMA:
            _gather_keywords(value, (*path, keyword), found)
        elif keyword in MANY_SCHEMAS and isinstance(value, list):
            for index, inner in enumerate(value):
                _gather_keywords(inner, (*path, keyword, index), found)
        elif keyword in NAMED_SCHEMAS and isinstance(value, dict):
            for name, inner in value.items():
                _gather_keywords(inner, (*path, keyword, name), found)


def _find_level_faults(rule: Mapping[str, JSON]) -> Iterator[str]:
    level, reports = cast(str, rule["level"]), cast("str | None", rule.get("reports"))
    if reports is None:
        return
    if level == "advisory":
        yield "reports: every profile reports an advisory rule: remove 'reports'"
    elif PROFILES.index(reports) >= PROFILES.index(level):
        yield f"reports: {reports} is not below the level {level}: name a lower profile or remove 'reports'"


def _find_threat_faults(rule: Mapping[str, JSON]) -> Iterator[str]:
    for threat in cast("list[str]", rule["threats"]):
        # Finding close names is slow and rarely needed.
        if threat not in THREATS and (hint := suggest_name(threat, THREATS)):
            yield f"threats: unknown threat '{threat}'{hint}"


def _find_operation_faults(rule: Mapping[str, JSON], operations: Set[str]) -> Iterator[str]:
    named = cast("list[str]", rule["operations"])
    for name in named:
        if name not in ANY and name not in operations:
            yield f"operations: '{name}' is not in operations.json{suggest_name(name, sorted(operations))}"
    if ANY_OPERATION in named and not ANY.issuperset(named):
        yield "operations: '*' stands beside other operations: keep one of the two"


def _find_example_faults(rule: Mapping[str, JSON], operations: Set[str]) -> Iterator[str]:
    """An allowed example may be of an operation beside those that the rule judges: the near miss of an outright no."""
    named = cast("list[str]", rule["operations"])
    allows, denies = (cast("dict[str, dict[str, JSON]]", rule[kind]) for kind in ("allows", "denies"))
    for command, example in {**allows, **denies}.items():
        operation = cast(str, example.get("operation", named[0]))
        if operation not in operations:
            yield f"'{command}': '{operation}' is not in operations.json{suggest_name(operation, sorted(operations))}"
        elif command in denies and operation not in named and ANY.isdisjoint(named):
            yield f"denies: '{command}' is of {operation}, which the rule does not judge: add it to operations"


def reads_objects(schema: Mapping[str, JSON]) -> bool:
    """Whether a schema speaks of what the daemon has."""
    return any(True for _ in _list_conditions(schema))


def reads_owners(schema: Mapping[str, JSON]) -> bool:
    """Whether a schema speaks of whose an object is: without the site value `ownership` it refuses nothing."""
    return any(
        name in _OF_OWNERS
        for conditions in _list_conditions(schema)
        for _, keyword, value in list_keywords(conditions)
        if keyword == "properties" and isinstance(value, dict)
        for name in value
    )


def reads_foreign(schema: Mapping[str, JSON]) -> bool:
    """Whether a schema speaks of what is others'. Where the daemon cannot be asked, that is all that exists."""
    return any(_FOREIGN in json.dumps(conditions) for conditions in _list_conditions(schema))


def reads_image(schema: Mapping[str, JSON], site: Mapping[str, JSON]) -> bool:
    """Whether the outcome of a schema depends on the image.

    It does not where the site's lists decide, and all of them are empty: they ask for nothing then.
    """
    return any(_asks(conditions, site) for conditions in _list_conditions(schema))


def reads_vouching(schema: Mapping[str, JSON]) -> bool:
    """Whether a schema speaks of who vouches for images."""
    return any(_VOUCHING in json.dumps(conditions) for conditions in _list_conditions(schema))


def _list_conditions(schema: Mapping[str, JSON]) -> Iterator[JSON]:
    """Each schema for `objects`."""
    for _, keyword, value in list_keywords(dict(schema)):
        if keyword == "properties" and isinstance(value, dict) and "objects" in value:
            yield value["objects"]


def _asks(conditions: JSON, site: Mapping[str, JSON]) -> bool:
    names = [keyword for _, keyword, _ in list_keywords(conditions)]
    if _IMAGE not in json.dumps(conditions) and not any(name in _OF_ALL for name in names):
        return False
    lists = [
        site.get(cast(str, value).removeprefix(REFERENCE))
        for _, keyword, value in list_keywords(conditions)
        if keyword == "$ref" and cast(str, value).startswith(REFERENCE)
    ]
    return not lists or any(one != [] for one in lists)
