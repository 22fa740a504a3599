"""Other objects that a name can mean by the time dockerd uses it: kind, name and what was found in, the others out.

dockerd takes a name for the beginning of an ID when no object has that name. A user who renames or removes the
object of that name after the lookup then gets the other one. Measured: a privileged container started so within 0.4 s.
"""

import re
from collections.abc import Iterator, Mapping

from portero.facts.fields import text
from portero.host.view import ListedKind, Objects, may_begin_network_id
from portero.types import JSON

_BEGINS_CONTAINER_ID = re.compile(r"[0-9a-f]{1,63}")
_BEGINS_SERVICE_ID = re.compile(r"[0-9a-z]{1,24}")
# No user can make an object whose ID begins with so many given characters.
_SURE = 12
_LISTED: Mapping[str, ListedKind] = {"container": "container", "network": "network", "service": "service"}


def list_others(kind: str, name: str, found: Mapping[str, JSON], objects: Objects) -> Iterator[Mapping[str, JSON]]:
    """What docker inspect shows of each other object whose ID begins with the name."""
    listed = _LISTED.get(kind)
    id = _read_id(found)
    if listed is None or not _may_begin_id(listed, name) or (id.startswith(name) and len(name) >= _SURE):
        return
    for other in map(_read_id, objects.list_all(listed)):
        if other != id and other.startswith(name) and (shown := objects.inspect(listed, other)) is not None:
            yield shown


def _may_begin_id(kind: ListedKind, name: str) -> bool:
    if kind == "network":
        return may_begin_network_id(name)
    return (_BEGINS_CONTAINER_ID if kind == "container" else _BEGINS_SERVICE_ID).fullmatch(name) is not None


def _read_id(found: Mapping[str, JSON]) -> str:
    return text(found, "Id") or text(found, "ID")
