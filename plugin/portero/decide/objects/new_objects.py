"""What a new volume or network meets at the daemon: `objects.takenId`, `objects.dockerParent` in the document."""

from collections.abc import Mapping
from typing import cast

from portero.decide.facts.networks import find_taken
from portero.decide.interfaces.daemon import ObjectKind
from portero.decide.objects.object_use import Meanings, ObjectUse, located
from portero.decide.values.docker_names import looks_shown
from portero.decide.values.json_fields import JSON, child, text


def describe_new(use: ObjectUse) -> dict[str, JSON]:
    """Both, each where it is so. Raises Refused (lookup-failed)."""
    if "name" not in use.looks_up or (meanings := use.meanings) is None:
        return {}
    parent = text(child(child(use.document, "facts"), "network"), "parent")
    return _describe_taken_id(use.document, meanings) | find_parent(parent, meanings)


def _describe_taken_id(document: Mapping[str, JSON], meanings: Meanings) -> dict[str, JSON]:
    """Where a new name is the ID of another object, or begins it: dockerd then takes that ID for the new one."""
    name = text(child(document, "body"), "Name")
    if not looks_shown(name):
        return {}
    kind = cast(ObjectKind, cast(str, document["operation"]).removesuffix("Create").lower())
    other = meanings.inspect(kind, name, "Name")
    is_taken = other is not None and other.id.startswith(name)
    return {"takenId": {"value": True, "at": "Name"}} if is_taken else {}


def find_parent(parent: str, meanings: Meanings) -> dict[str, JSON]:
    """`dockerParent`, where a network's parent is a bridge, or a VLAN on it, that another network has by name."""
    if not parent:
        return {}
    with located("Options"):
        bridges = find_taken(meanings.objects.list_all("network")).interfaces
    is_taken = any(f"{parent}.".startswith(f"{bridge}.") for bridge in bridges)
    return {"dockerParent": {"value": True, "at": "Driver"}} if is_taken else {}
