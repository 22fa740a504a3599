"""Copies that run a program of their container as root of the host: `objects.ownerPrograms` in the document.

For `docker cp -a` Docker 24 to 27 looks up the container's user within the container, and runs its getent for one that
is in no file (docker-facts 9.13). A form that no plugin sees can ask for the same, and be sent slowly: so nothing is
copied into a container with a user, and the name must mean no other container until dockerd has answered. Tasks of a
service and steps of a classic build get theirs without a request.
"""

import re
from typing import cast

from portero.decide.interfaces.daemon import Objects
from portero.decide.interfaces.effects import BUILT, MADE, NameUse, can_come_unasked
from portero.decide.objects.object_use import Meanings, ObjectFindings, ObjectUse, located
from portero.decide.reading.uri import find_first
from portero.decide.values.json_fields import JSON, text
from portero.decide.values.spelling import shorten_name

_COPY, _GIVING, _BUILD = "PutContainerArchive", ("ContainerCreate", "ContainerRename"), "ImageBuild"
_AFFECTED = range(24, 28)
# dockerd's words for false in a query (docker-facts 5.5).
_FALSE = ("", "0", "no", "false", "none")
# The beginning of an ID, which another container can have once none has this name.
_BEGINNING = re.compile(r"[0-9a-f]{1,11}")
_UNSEEN = "Portero cannot ask the daemon whether it has a user"
_MISSING = "there is no such container yet"
_LATE = (
    "there is no such container, and a create that dockerd has not answered for a minute can still give this name: "
    "copy once it is there"
)
_GIVEN = "another request gives this name, or can give it, to a container just now"
_FLEETING = "the ID of another container can begin so"
_COPIED_TO = "another request copies into the container of this name just now"
_NEW = "(new)"
_COPIED_TO_MADE = "another request copies to a name just now that dockerd can make for this container"
_COPIED_TO_BUILT = "another request copies to a name just now that dockerd can make for a step of this build"


def describe_owner_programs(use: ObjectUse) -> dict[str, JSON]:
    """One of them, with why it is; raises Refused (lookup-failed)."""
    query, operation = cast(dict[str, list[str]], use.document["query"]), use.operation.id
    if operation not in (_COPY, *_GIVING, _BUILD):
        return {}
    meanings, name, at = use.meanings, cast(dict[str, str], use.document["path"]).get("id", ""), "path.id"
    if meanings is None:
        is_unseen = operation == _COPY and find_first(query, "copyUIDGID").strip().lower() not in _FALSE
        why = _UNSEEN if is_unseen else ""
    elif operation == _COPY:
        why = _find_reason(name, meanings, use.findings)
    elif operation == _BUILD:
        at, given = "operation", NameUse(BUILT, is_copy=False)
        is_free = not _is_affected(meanings.objects, at) or _may_use(given, meanings.objects, use.findings)
        why = "" if is_free else _COPIED_TO_BUILT
    else:
        name, at = find_first(query, "name").removeprefix("/"), "?name"
        is_free = _may_use(NameUse(name or MADE, is_copy=False), meanings.objects, use.findings)
        why = "" if is_free else _COPIED_TO if name else _COPIED_TO_MADE
    return {"ownerPrograms": [{"name": shorten_name(name or _NEW), "why": why, "at": at}]} if why else {}


def _find_reason(name: str, meanings: Meanings, findings: ObjectFindings) -> str:
    objects = meanings.objects
    if not _is_affected(objects, "path.id"):
        return ""
    may_use = _may_use(NameUse(name, is_copy=True), objects, findings)
    found = [*meanings.find_containers(name, "path.id")]
    if not found and can_come_unasked(name):
        return _MISSING
    if not found and objects.pending is not None and objects.pending.may_give(name):
        return _LATE
    for each in found:
        # One that is not shown is not empty.
        if (user := each.config.get("User")) != "":
            return f"it has a user ({shorten_name(str(user))})"
    if _BEGINNING.fullmatch(name):
        return _FLEETING
    return "" if may_use else _GIVEN


def _is_affected(objects: Objects, at: str) -> bool:
    with located(at):
        major = re.match(r"([0-9]+)\.", text(objects.info(), "ServerVersion"))
    return major is None or int(major[1]) in _AFFECTED


def _may_use(use: NameUse, objects: Objects, findings: ObjectFindings) -> bool:
    """Whether a name may be used so, by what the request saw first; others see it once the request is allowed."""
    pending = objects.pending
    if pending is not None:
        findings.add_use(use, pending)
    return pending is None or pending.allows(use)
