"""Ownership at a door: the label goes into what a caller makes, and lists show what is the caller's.

Which request makes or lists something is known by the plugin's own table of routes. What the door needs to know beside
it asks dockerd, in the caller's name.
"""

import json
import logging
from collections.abc import Callable, Generator
from urllib.parse import quote

from portero.decide.ownership.json_stream import Judge
from portero.decide.ownership.json_text import Place, TextEdit, read_text, write_text
from portero.decide.ownership.list_shapes import entries
from portero.decide.ownership.own_lists import LISTS, Viewer, make_shape, take_limit
from portero.decide.ownership.owner_label import (
    CREATES,
    UPDATES,
    find_config,
    has_tasks,
    identify_mount,
    list_bound,
    list_volumes,
    read_label,
    read_mount_labels,
    write_label,
    write_mount_label,
)
from portero.decide.ownership.owner_names import OwnerNames
from portero.decide.reading.routes import Match
from portero.decide.values.dataclass import dataclass, field, replace
from portero.decide.values.refusals import Refused
from portero.door.filtered_answer import FilteredAnswer
from portero.door.treatment import UNREADABLE, Ask, Reply, Request, Treating, Treatment, TurnedAway, ask, hold_body
from portero.observe.stores.owners_file import Caller, OwnersFile

_LOG = logging.getLogger(__name__)
MAX_BODY = 2 << 20
_UNKNOWN_OWNERS = (
    "Whose what is cannot be read, so that no list is passed on: see journalctl -u portero-door, and "
    "systemctl status portero."
)
_TOO_MANY_SERVICES = (
    "Your services are too many or too large to be listed, so that nothing is: shorten their labels, or remove some. "
    "docker service ls --filter label={} shows them."
)
_OK, _MISSING, _UNAVAILABLE = 200, 404, 503
_CONTAINERS = "/containers/json?all=1"
# For which the caller's services are noted first, and for which containers. Lists of networks show these before 1.28.
_BY_SERVICE = frozenset(
    {"ContainerList", "TaskList", "SystemEvents", "SystemDataUsage", "VolumeList", "NetworkInspect"}
)
_BY_CONTAINER = frozenset({"VolumeList", "SystemDataUsage", "NetworkInspect"})
_OLD_NETWORKS, _SHORT_NETWORKS = frozenset({"NetworkList", "NetworkListSlash"}), (1, 28)
# Of IDs and names: some 15,000 services.
_MAX_NOTED = 2 << 20
# No container has more mounts (mounts-limited), and each is asked about.
_MAX_BOUND = 128
# Seconds for which a daemon that showed no services is not asked again.
_WITHOUT_SERVICES = 10.0


@dataclass(frozen=True, slots=True)
class OwnedRequests:
    """`treat` is an InnerTreat."""

    owners: OwnersFile
    clock: Callable[[], float]
    # By door: until when its callers are shown no services.
    _no_services: dict[str, float] = field(default_factory=dict)

    def treat(self, request: Request, version: str | None, match: Match) -> Treating | None:
        operation = match.operation.id
        if operation not in LISTS and operation not in CREATES and operation not in UPDATES:
            return None
        caller = self._find_caller(request, is_list=operation in LISTS)
        if caller is None or caller.names is None:
            return None
        if operation not in LISTS:
            owner = caller.creates_for
            return _label(match, caller.names.label, owner) if owner else None
        if caller.names.is_operator:
            return None
        return self._show(request, operation, caller, caller.names, version)

    def _show(
        self, request: Request, operation: str, caller: Caller, names: OwnerNames, version: str | None
    ) -> Treating:
        viewer = Viewer(names.label, names.names)
        if operation in _BY_SERVICE and caller.lists_services:
            viewer = yield from self._note_services(viewer, request.door)
        is_old = version is not None and tuple(map(int, version.split(".")[:2])) < _SHORT_NETWORKS
        if operation in _BY_CONTAINER or (is_old and operation in _OLD_NETWORKS):
            viewer = yield from _note_containers(viewer)
        target, limit = take_limit(request.target) if operation == "ContainerList" else (None, 0)
        shape = make_shape(operation, viewer, limit)
        return Treatment(target, answer=FilteredAnswer(shape, request.target, is_stream=operation == "SystemEvents"))

    def _note_services(self, viewer: Viewer, door: str) -> Generator[Ask, Reply, Viewer]:
        """By each of the caller's names: however many others have, these are listed. Off managers there are none."""
        noted = list[list[str]]()
        for owner in sorted(viewer.names) if self.clock() >= self._no_services.get(door, 0.0) else ():
            label = f"{viewer.label}={owner}"
            filters = quote(json.dumps({"label": [label]}), safe="")
            status, entries, is_whole = yield from _note(f"/services?filters={filters}", viewer.note_service)
            if status == _UNAVAILABLE:
                self._no_services[door] = self.clock() + _WITHOUT_SERVICES
                break
            if not is_whole:
                raise TurnedAway(503, _TOO_MANY_SERVICES.format(label))
            noted += entries
        ids, names = (frozenset(each[part] for each in noted) for part in (0, 1))
        return replace(viewer, services=ids, service_names=names)

    def _find_caller(self, request: Request, *, is_list: bool) -> Caller | None:
        try:
            return self.owners.find_caller(request.door, request.user, request.groups)
        except Refused:
            return None  # the plugin refuses it
        except (OSError, ValueError, LookupError) as error:
            _LOG.error("whose what is cannot be read: %s", error)
            if is_list:
                raise TurnedAway(503, _UNKNOWN_OWNERS) from error
            return None


def _note(target: str, judge: Judge) -> Generator[Ask, Reply, tuple[int, list[list[str]], bool]]:
    """The status, what is noted of the entries of a list, however long it is, and whether all of them were read."""
    read = FilteredAnswer(entries(judge), target)
    answer = yield from ask("GET", target, max_bytes=_MAX_NOTED, filter=read)
    noted = json.loads(answer.body) if answer.status == _OK else None
    return answer.status, noted or [], answer.status != UNREADABLE and not read.left_out


def _note_containers(viewer: Viewer) -> Generator[Ask, Reply, Viewer]:
    """With the caller's, and the volumes that no others mount."""
    _, noted, _ = yield from _note(_CONTAINERS, viewer.note_container)
    volumes = frozenset(name for each in noted for name in each[1:])
    viewer = replace(viewer, containers=frozenset(each[0] for each in noted), volumes=volumes)
    if volumes:
        status, shared, is_whole = yield from _note(_CONTAINERS, viewer.note_sharing)
        volumes = volumes.difference(*shared) if status == _OK and is_whole else frozenset()
    return replace(viewer, volumes=volumes)


def _label(match: Match, label: str, owner: str) -> Treating:
    try:
        # Its text alone is kept while dockerd is asked: the door has the body.
        top = read_text((yield from hold_body(MAX_BODY)) or b"")
        edits = yield from _list_edits(match, top, label, owner)
    except (ValueError, LookupError):
        return Treatment()
    return Treatment(body=write_text(top, edits) if edits else None)


def _list_edits(match: Match, top: Place, label: str, owner: str) -> Generator[Ask, Reply, list[TextEdit]]:
    """A creation is labelled for its owner; an update with what the object has now, if it has that."""
    operation, former, of_tasks = match.operation.id, None, owner
    if operation in UPDATES:
        shown = yield from ask("GET", UPDATES[operation] + quote(match.path["id"], safe=""))
        spec = read_text(shown.body).child("Spec") if shown.status == _OK else None
        former = find_config(operation, spec) if spec is not None else None
        owner, of_tasks = read_label(spec, label) or "", read_label(former, label) or ""
    edits = [*write_label(top, label, owner)] if owner else []
    config = find_config(operation, top)
    if config is not None and of_tasks and has_tasks(operation):
        edits += write_label(config, label, of_tasks)
    volumes, mounted = list_volumes(config), read_mount_labels(former, label)
    for mount in volumes if len(volumes) <= _MAX_BOUND else ():
        whose = mounted.get(identify_mount(mount)) or owner
        if whose and read_label(mount.child("VolumeOptions"), label) is None:
            is_same, name = whose is not owner, str(mount.value("Source") or "")
            if is_same or not name or (yield from _is_missing(name)):
                edits += write_mount_label(mount, label, whose)
    bound = dict.fromkeys(list_bound(config) if config is not None and operation == "ContainerCreate" else ())
    for name in bound if len(bound) <= _MAX_BOUND else ():
        if (yield from _is_missing(name)):
            made = {"Name": name, "Labels": {label: owner}}
            # Whatever the answer: the plugin judges what is asked for then.
            yield from ask("POST", "/volumes/create", json.dumps(made).encode())
    return edits


def _is_missing(volume: str) -> Generator[Ask, Reply, bool]:
    """What exists keeps its own label."""
    answer = yield from ask("GET", f"/volumes/{quote(volume, safe='')}")
    return answer.status == _MISSING
