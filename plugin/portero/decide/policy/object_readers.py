"""Which schemas read `objects`, what the daemon has: the image is looked up only for those that read it."""

import json
from collections.abc import Iterator, Mapping
from typing import cast

from portero.decide.policy.dialect import list_keywords
from portero.decide.policy.site import REFERENCE
from portero.decide.values.json_fields import JSON

_IMAGE, _VOUCHING = '"image"', '"vouching"'
# What `objects` holds only where the site value `ownership` names a label.
_OF_OWNERS = ("foreign", "ownerLabels", "takenVolumes")
# These speak of every object of the request.
_OF_ALL = ("additionalProperties", "propertyNames")


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
