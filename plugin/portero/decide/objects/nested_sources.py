"""Sources of a request that are nested with those of existing containers: `objects.nestedSources` in the document.

A container that may write to a folder can replace what lies below it by a link, before another container that mounts
it starts the next time. In: the mounts of the request, the daemon's list of containers. Out: a fact for each pair of
folders, the upper one writable.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import cast

from portero.decide.facts.driver import read_options
from portero.decide.interfaces.effects import SELF, Source
from portero.decide.interfaces.existing import ContainerList
from portero.decide.interfaces.host import HostMoment
from portero.decide.reading.uri import find_first
from portero.decide.values.json_fields import JSON, Fact, child, flag, objects, text, texts, to_text
from portero.decide.values.path import clean, is_within
from portero.decide.values.spelling import make_printable, shorten_name

# A container that writes to one of these is root on the host already, and needs no link: no pair is made with what
# lies above one of them. An exception admitted that container.
_ROOTS = ("/boot", "/etc", "/root", "/run", "/usr", "/var/lib/docker")


def list_requested(document: Mapping[str, JSON], host: HostMoment) -> list[Source]:
    """The host paths that a request names as sources."""
    return [
        Source(path, flag(mount, "writable"), at=text(mount, "at"))
        for mount in objects(child(document, "facts"), "mounts")
        if text(mount, "via") != "host-mount"
        for path in _list_named(texts(mount, "paths"), host)
    ]


def find_requested_name(document: Mapping[str, JSON]) -> str:
    """What a request makes, as a reason names it."""
    named = find_first(cast("dict[str, list[str]]", document.get("query", {})), "name")
    kind, name = ("service", text(child(document, "body"), "Name")) if not named else ("container", named)
    made = f"{kind} {shorten_name(name)}" if name else "a container without a name"
    return f"{made}, which is being created (should that fail, repeat the command a minute later),"


def _list_named(paths: Sequence[str], host: HostMoment) -> Iterator[str]:
    """The paths without those to which the others only lead."""
    led_to = {host.find_passage(path).resolved for path in paths if host.find_passage(path).resolved != path}
    return (path for path in paths if path not in led_to)


def list_others(
    containers: Iterable[Mapping[str, JSON]], counts: Callable[[Mapping[str, JSON]], bool] = lambda container: True
) -> Iterator[Source]:
    """The host paths of containers in the daemon's list, each path once for reading and once for writing.

    `counts`: which of the containers do.
    """
    listed = ContainerList.of(containers)
    for (path, writable), ids in listed.by_path.items():
        if (one := next((listed.by_id[id] for id in ids if counts(listed.by_id[id])), None)) is not None:
            name = next(iter(texts(one, "Names")), text(one, "Id")).removeprefix("/")
            yield Source(path, writable, f"container {shorten_name(name)}")


def list_of_service(service: Mapping[str, JSON], host: HostMoment, updated: str = "") -> Iterator[Source]:
    """The host paths of a service: its tasks start without a request, and a rollback brings the former ones back.

    `updated`: the service whose former settings the request replaces.
    """
    name = text(child(service, "Spec"), "Name")
    owner = f"service {shorten_name(name)}"
    for part in ("Spec",) if updated and name == updated else ("Spec", "PreviousSpec"):
        at = f"{part}.TaskTemplate.ContainerSpec.Mounts"
        template = child(child(service, part), "TaskTemplate")
        for index, mount in enumerate(objects(child(template, "ContainerSpec"), "Mounts")):
            driver = child(child(mount, "VolumeOptions"), "DriverConfig")
            paths = [text(mount, "Source")] if text(mount, "Type") == "bind" else []
            if options := {key: to_text(value) for key, value in child(driver, "Options").items()}:
                paths = texts(read_options(text(driver, "Name"), options, at, host), "paths")
            for path in paths:
                yield Source(clean(path), not flag(mount, "ReadOnly"), owner, f"{at}[{index}]")


def opens_root(path: str) -> bool:
    """Whether what makes root lies at this path or below it."""
    return any(is_within(root, path) for root in _ROOTS)


def find_nested(sources: Sequence[Source], others: Sequence[Source], host: HostMoment) -> list[JSON]:
    """A fact for each pair of one of the sources and another one, the upper one writable.

    Raises Refused (host-unreadable) where the way to a source cannot be read.
    """
    pairs = dict.fromkeys((*_find_pairs(others, sources, host), *_find_pairs(sources, others, host)))
    return [_make_fact(upper, lower) for upper, lower in pairs]


def _find_pairs(
    uppers: Iterable[Source], lowers: Iterable[Source], host: HostMoment
) -> Iterator[tuple[Source, Source]]:
    by_name = _group_writable(uppers, host)
    for lower in lowers if by_name else ():
        for folder in _list_above(lower.path, host):
            for upper in by_name.get(folder, ()):
                yield upper, lower


def _group_writable(sources: Iterable[Source], host: HostMoment) -> Mapping[str, list[Source]]:
    """Writable sources by their path and by where it leads."""
    by_name: defaultdict[str, list[Source]] = defaultdict(list)
    for source in sources:
        if not source.writable:
            continue
        for name in {source.path, host.find_passage(source.path).resolved or source.path}:
            if not opens_root(name):
                by_name[name].append(source)
    return by_name


def _list_above(path: str, host: HostMoment) -> Iterator[str]:
    """Every folder above a path, under all its names: that on the way of the kernel, and that of the text."""
    folders: dict[str, None] = {}
    for folder in (path.rpartition("/")[0] or "/", *host.find_passage(path).passes):
        while folder not in folders:
            folders[folder] = None
            folder = folder.rpartition("/")[0] or "/"
    if path != "/":
        yield from folders


def _make_fact(upper: Source, lower: Source) -> Fact:
    requested = upper if upper.owner == SELF else lower
    return {
        "upper": make_printable(upper.path),
        "lower": make_printable(lower.path),
        "writer": upper.owner,
        "reader": lower.owner,
        "at": requested.at,
    }
