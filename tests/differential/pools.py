"""Values for the fields of Docker's bodies by chance: usual ones, and every spelling that option syntaxes allow.

pools.json says how each value is made. A list: one of these. A text: as the pool of that name. An object: some of its
fields. {"$every": {…}}: an object with all of its fields. {"$list": …}: a list of at most three. {"$number": […]}: one
of these or one next to it. {"$names": …, "$to": …}: an object with at most two of these names.
"""

import json
import random
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeAlias

from portero.decide.values.json_fields import JSON

Fields: TypeAlias = Mapping[str, Any]  # each field with how its value is made
POOLS: Fields = json.loads(Path(__file__).with_suffix(".json").read_text())


def make(choose: random.Random, how: Any) -> JSON:
    """A value; see the module."""
    match how:
        case str():
            return _MADE[how](choose) if how in _MADE else make(choose, POOLS[how])
        case list():
            value: JSON = choose.choice(how)
            return value
        case {"$list": inner}:
            return [make(choose, inner) for _ in range(choose.choice((0, 1, 1, 2, 3)))]
        case {"$number": numbers}:
            return int(choose.choice(numbers)) + choose.choice((0, 0, 0, 1, -1))
        case {"$names": names, "$to": inner}:
            return {str(make(choose, names)): make(choose, inner) for _ in range(choose.randint(0, 2))}
        case {"$every": fields}:
            return take(choose, fields, len(fields))
    return take(choose, how, choose.randint(0, min(4, len(how))))


def take(choose: random.Random, fields: Fields, count: int) -> dict[str, JSON]:
    """So many of the fields, or all of them where there are fewer."""
    return {name: make(choose, fields[name]) for name in choose.sample([*fields], min(count, len(fields)))}


def _bind(choose: random.Random) -> JSON:
    source, target = make(choose, "paths" if choose.random() < 0.7 else "odd-sources"), make(choose, "targets")
    if choose.random() < 0.1:
        return choose.choice((source, target))
    return f"{source}:{target}{make(choose, 'modes')}"


# The fields of a mount of each type; of any other it is as of a bind.
_OF_TYPE: Mapping[str, Fields] = {
    "volume": {"Source": "volume-sources", "VolumeOptions": "volume-options"},
    "tmpfs": {"TmpfsOptions": "tmpfs-options"},
    "image": {"Source": "images", "ImageOptions": "image-options"},
}


def _mount(choose: random.Random) -> JSON:
    kind = choose.choice(POOLS["mount-types"])
    entry: dict[str, JSON] = {"Type": kind, "Target": make(choose, "targets")}
    for name, how in _OF_TYPE.get(kind, {"Source": "paths", "BindOptions": "bind-options"}).items():
        entry[name] = make(choose, how)
    if choose.random() < 0.5:
        entry["ReadOnly"] = choose.choice((True, True, False))
    if choose.random() < 0.1:
        entry["Consistency"] = choose.choice(("cached", "default", "x"))
    if choose.random() < 0.1:  # options of another type than the mount's
        entry |= choose.choice(POOLS["other-options"])
    return entry


def _capabilities(choose: random.Random) -> JSON:
    return make(choose, "capabilities" if choose.random() < 0.1 else {"$list": "capabilities"})


_MADE: Mapping[str, Callable[[random.Random], JSON]] = {
    "bind": _bind,
    "mount": _mount,
    "capability-list": _capabilities,
}
