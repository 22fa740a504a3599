"""Whether a plugin that a request changes is another one than those that authorize requests: `objects.otherPlugin`.

Mode audit refuses what turns Portero off, and of changes of plugins nothing else. What cannot be told is no other one.
"""

import re
from collections.abc import Iterator, Mapping
from typing import cast

from portero.decide.objects.meanings import located
from portero.decide.objects.object_use import ObjectUse
from portero.decide.reading.uri import find_first
from portero.decide.values.json_fields import child, text, texts
from portero.decide.values.json_types import JSON
from portero.decide.values.path import clean, is_within

# Ours, whatever the daemon calls it.
_OWN = "portero"
# Of its plugins dockerd takes the beginning of an ID, too.
_BEGINS_ID = re.compile(r"[0-9a-f]{1,64}")
# Where it looks for their sockets.
_SOCKETS = "/run/docker/plugins"
_AT = "operation"


def describe_other_plugin(use: ObjectUse) -> dict[str, JSON]:
    """Absent where it may be one of these. Raises Refused (lookup-failed)."""
    if "plugin" not in use.looks_up or (meanings := use.meanings) is None:
        return {}
    with located(_AT):
        authorizing = texts(child(meanings.objects.info(), "Plugins"), "Authorization")
    own = {_shorten(name) for name in (*authorizing, _OWN)}
    path = cast("dict[str, str]", use.document["path"]).get("name", "")
    changed = {path, *_list_made(use.document)} - {""}
    if not authorizing or not changed or any(_shorten(name) in own for name in changed):
        return {}
    if _BEGINS_ID.fullmatch(path) or any(map(_meets_sockets, _list_mounted(use.document["body"]))):
        return {}
    return {"otherPlugin": {"value": True, "at": _AT}}


def _list_made(document: Mapping[str, JSON]) -> Iterator[str]:
    query = cast("dict[str, list[str]]", document["query"])
    return (find_first(query, name) for name in ("name", "remote"))


def _shorten(name: str) -> str:
    """The last part of a plugin's reference, without tag and digest: acme/portero:1 is portero."""
    return name.partition("@")[0].rpartition("/")[2].partition(":")[0].lower()


def _list_mounted(body: JSON) -> Iterator[str]:
    """The host's paths among the privileges that a plugin is given, and in its settings."""
    for one in body if isinstance(body, list) else ():
        if isinstance(one, str):
            yield one.partition("=")[2]
        elif isinstance(one, dict) and text(one, "Name") == "mount":
            yield from texts(one, "Value")


def _meets_sockets(path: str) -> bool:
    named = clean(path.replace("/var/run", "/run", 1))
    return path.startswith("/") and (is_within(_SOCKETS, named) or is_within(named, _SOCKETS))
