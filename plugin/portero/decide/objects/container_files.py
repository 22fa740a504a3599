"""Files of a container that dockerd reads whole when it joins a network: `objects.containerFiles` in the document.

Its hosts and resolv.conf are files of the host that the container writes, holes and all: Docker 26.1 takes both into
its memory, 29.7 the latter (docker-facts 7.29).
"""

from typing import cast

from portero.decide.objects.meanings import located
from portero.decide.objects.named_objects import shorten_name
from portero.decide.objects.object_use import ObjectUse
from portero.decide.values.json_fields import child, text
from portero.decide.values.json_types import JSON

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
