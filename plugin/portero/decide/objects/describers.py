"""`objects` of a request document: what exists of that which a request uses, each part by its describer.

The small ones stand here. What a container has in its files hosts and resolv.conf it writes itself, holes and all:
Docker 26.1 takes both into its memory when the container joins a network, 29.7 the latter (docker-facts 7.29). Of
plugins mode audit refuses what turns Portero off, and nothing else; what is not known is no other plugin.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from typing import TypeAlias, cast

from portero.decide.facts import image, mount_sizes
from portero.decide.objects.existing_objects import describe_used
from portero.decide.objects.image_vouching import describe_vouching
from portero.decide.objects.joined_containers import describe_unseen
from portero.decide.objects.new_objects import describe_new
from portero.decide.objects.object_use import ObjectUse, located
from portero.decide.objects.owned_objects import describe_owners
from portero.decide.objects.owner_programs import describe_owner_programs
from portero.decide.reading.uri import find_first
from portero.decide.values.json_fields import JSON, as_object, child, text, texts
from portero.decide.values.path import clean, is_within
from portero.decide.values.spelling import shorten_name

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
    query = cast("dict[str, list[str]]", use.document["query"])
    changed = {path, *(find_first(query, name) for name in ("name", "remote"))} - {""}
    if not authorizing or not changed or any(_shorten(name) in own for name in changed):
        return {}
    if _BEGINS_ID.fullmatch(path) or any(map(_meets_sockets, _list_mounted(use.document["body"]))):
        return {}
    return {"otherPlugin": {"value": True, "at": _AT}}


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


def describe_image(use: ObjectUse) -> dict[str, JSON]:
    """Where a rule in force reads it; with -P its ports; in both its mounts. Raises Refused (lookup-failed).

    A name can stand for several images, and docker inspect shows that of the daemon's platform: where the request names
    one, only the mounts are described.
    """
    if "image" not in use.looks_up or (meanings := use.meanings) is None:
        return {}
    document, facts = use.document, child(use.document, "facts")
    named = child(facts, "imageSource") or child(facts, "image")
    body, at = as_object(document["body"] or {}, ""), text(named, "at")
    is_read, wants_ports = use.policy.reads_image(use.operation.id, use.profile), image.publishes_all(body)
    names_platform = any(cast("dict[str, list[str]]", document["query"]).get("platform", ()))
    if not (is_read or wants_ports) or not text(named, "reference"):
        return {}
    found = meanings.inspect("image", text(named, "reference"), at)
    with located(at):
        reported = found.shown if found else None
        described = mount_sizes.add_image(reported, facts, at) if "mountCount" in facts else {}
        if names_platform:
            return described
        described |= {"image": image.read_reported(reported, at)} if is_read else {}
        return described | ({"publishedPorts": image.count_ports(reported, body)} if wants_ports else {})


_READ = ("hosts", "resolv.conf")


def describe_container_files(use: ObjectUse) -> dict[str, JSON]:
    """Each with its size, of the container that joins or starts; raises Refused (lookup-failed)."""
    if "files" not in use.looks_up or (meanings := use.meanings) is None:
        return {}
    name, at = text(child(use.document, "body"), "Container") if use.document["body"] else "", "Container"
    if not name:
        name, at = cast(dict[str, str], use.document["path"]).get("id", ""), "path.id"
    with located(at):
        root = text(meanings.objects.info(), "DockerRootDir")
    files: list[JSON] = [
        {"container": shorten_name(name), "file": file, "bytes": size, "at": at}
        for container in meanings.find_containers(name, at)
        for file in _READ
        if (size := use.host.find_entry(f"{root}/containers/{container.id}/{file}").file_size)
    ]
    return {"containerFiles": files} if files else {}


# Each gives the parts that are its own, {} where the operation has none, and asks only what it needs for these.
_Describer: TypeAlias = Callable[[ObjectUse], dict[str, JSON]]
_DESCRIBERS: Sequence[_Describer] = (
    describe_owners,
    describe_vouching,
    describe_owner_programs,
    describe_used,
    describe_unseen,
    describe_new,
    describe_other_plugin,
    describe_container_files,
    describe_image,
)


def describe_objects(use: ObjectUse) -> dict[str, JSON]:
    """All of them. Raises Refused (lookup-failed, writers-unknown, host-unreadable) where it cannot be found out."""
    return {part: facts for describe in _DESCRIBERS for part, facts in describe(use).items()}
