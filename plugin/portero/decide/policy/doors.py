"""The site values doors and door-lists: which operations a door lets through, and which containers may have a door.

Out: two conditions for rules (site#/$defs/doors, doors-mounted), and what is wrong with the values.
"""

from collections.abc import Iterator, Mapping, Set
from typing import cast

from portero.decide.facts.masked_answers import ALL, NAMES, WRITES
from portero.decide.identity.caller import DOOR_PREFIX
from portero.decide.identity.trusted import USERS, Door
from portero.decide.values.json_fields import JSON
from portero.decide.values.spelling import find_twins, suggest_name

DOORS, LISTS = "doors", "door-lists"


def read_doors(values: Mapping[str, JSON]) -> dict[str, Door]:
    """What the site says about who asks at each door, by its name."""
    return {
        str(door["name"]): Door(tuple(cast("list[str]", door.get("groups", []))), door.get("same-names") is True)
        for door in _list_doors(values)
    }


def describe_ownership(values: Mapping[str, JSON], *, is_enforced: bool) -> dict[str, JSON]:
    """What a door must know to say who sees what."""
    named = {key: values[key] for key in ("ownership", "operators", "operator-groups", "user-groups", DOORS, LISTS)}
    return named if is_enforced else {**named, "ownership": ""}


def hides_variables(values: Mapping[str, JSON], name: str) -> bool:
    """Whether the door of this name shows no values of variables: by its entry, or its lists where all say so."""
    door = next((one for one in _list_doors(values) if one["name"] == name), {})
    lists = cast("dict[str, dict[str, JSON]]", values.get(LISTS, {}))
    named = {lists.get(one, {}).get("variables") for one in cast("list[str]", door.get("operations", []))}
    return door.get("variables", NAMES if named == {NAMES} else ALL) == NAMES


def list_faults(values: Mapping[str, JSON], operations: Set[str]) -> Iterator[str]:
    """One sentence for each fault; the values have passed site.schema.json."""
    twins = find_twins([str(door["name"]) for door in _list_doors(values)])
    yield from (f"{DOORS}: has {name} twice: write one entry" for name in twins)
    lists = read_lists(values)
    for door in _list_doors(values):
        for name in cast("list[str]", door.get("operations", [])):
            if name not in operations and name not in lists:
                close = suggest_name(name, [*lists, *sorted(operations)])
                yield f"{DOORS}: '{name}' is no operation and no list{close}"
        yield from _list_variable_faults(door, values)
        if door["name"] == USERS and "containers" in door:
            yield f"{DOORS}: {USERS} is for people, and no container has it: give the container its own door"
        if door["name"] != USERS and "same-names" in door:
            yield f"{DOORS}: same-names is of {USERS}: remove it from {door['name']}"
        yield from _list_owner_faults(door, has_ownership=bool(values.get("ownership")))
    for name, listed in lists.items():
        for operation in listed:
            if operation not in operations:
                yield f"{LISTS}: {name}: '{operation}' is no operation{suggest_name(operation, sorted(operations))}"


def _list_variable_faults(door: Mapping[str, JSON], values: Mapping[str, JSON]) -> Iterator[str]:
    name = str(door["name"])
    writes = [operation for operation in sorted(WRITES) if lets_through(values, name, operation)]
    if writes and hides_variables(values, name):
        yield (
            f"{DOORS}: {name} shows no values of variables and lets {', '.join(writes)} through, which would write *** "
            "back: leave one of them out"
        )


def _list_owner_faults(door: Mapping[str, JSON], *, has_ownership: bool) -> Iterator[str]:
    if door["name"] == USERS and "owners" in door:
        yield f"{DOORS}: owners is of tools' doors: remove it from {USERS}, where each sees what is theirs"
    if not has_ownership and (door.get("label") or "owners" in door):
        yield f"{DOORS}: label and owners of {door['name']} need ownership: name the label there"


def find_label(values: Mapping[str, JSON], name: str) -> JSON:
    """Whether the door of this name writes the owner's label, or the group that it writes there."""
    return next((door.get("label", name == USERS) for door in _list_doors(values) if door["name"] == name), False)


def lets_through(values: Mapping[str, JSON], name: str, operation: str) -> bool:
    """Whether the door of this name lets an operation through."""
    entry = next((door for door in _list_doors(values) if door["name"] == name), {})
    lists, named = read_lists(values), cast("list[str]", entry.get("operations", [operation]))
    return any(operation in lists.get(one, [one]) for one in named)


def make_operations(values: Mapping[str, JSON]) -> JSON:
    """Of a request document of a door: its operation is one that the door lets through."""
    lists = read_lists(values)
    conditions: list[JSON] = []
    for door in _list_doors(values):
        if "operations" in door:
            named = cast("list[str]", door["operations"])
            allowed = [operation for name in named for operation in lists.get(name, [name])]
            operation: JSON = {"enum": cast(JSON, [*dict.fromkeys(allowed)])} if allowed else {"not": {}}
            conditions.append({"if": _match_user(str(door["name"])), "then": {"properties": {"operation": operation}}})
    return {"allOf": conditions} if conditions else {}


def make_mounted(values: Mapping[str, JSON]) -> JSON:
    """Of a request document: each door that it mounts is one that lists this container."""
    listed = {
        str(door["name"]): _match_listed(door["containers"]) for door in _list_doors(values) if "containers" in door
    }
    conditions: list[JSON] = [
        {"if": {"not": container}, "then": _match_mounted({"not": {"const": name}})}
        for name, container in listed.items()
    ]
    return {"allOf": [_match_mounted({"enum": ["", *listed]}), *conditions]}


def _match_listed(containers: JSON) -> JSON:
    """Of a request document: each that is given, the image, the user and a group, is listed."""
    listed = cast("dict[str, list[JSON]]", containers)
    identity: dict[str, JSON] = {}
    if "users" in listed:
        identity["user"] = {"enum": listed["users"]}
    if "groups" in listed:
        identity["groups"] = {"contains": {"enum": listed["groups"]}}
    properties: dict[str, JSON] = {"identity": {"properties": identity}}
    if "images" in listed:
        digest: JSON = {"digest": {"enum": listed["images"]}}
        properties["facts"] = {"required": ["image"], "properties": {"image": {"properties": digest}}}
    return {"properties": properties}


def _match_mounted(door: JSON) -> JSON:
    return {"properties": {"facts": {"properties": {"mounts": {"items": {"properties": {"door": door}}}}}}}


def _match_user(name: str) -> JSON:
    user: JSON = {"not": {"pattern": f"^{DOOR_PREFIX}"}} if name == USERS else {"const": DOOR_PREFIX + name}
    return {"properties": {"identity": {"properties": {"user": user}}}}


def _list_doors(values: Mapping[str, JSON]) -> list[dict[str, JSON]]:
    return cast("list[dict[str, JSON]]", values.get(DOORS, []))


def read_lists(values: Mapping[str, JSON]) -> dict[str, list[str]]:
    """The operations of each list, by its name."""
    lists = cast("dict[str, dict[str, list[str]]]", values.get(LISTS, {}))
    return {name: listed["operations"] for name, listed in lists.items()}
