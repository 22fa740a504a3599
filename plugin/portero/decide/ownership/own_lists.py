"""What of dockerd's lists a caller sees: an entry in, what of it is the caller's out.

What shows no owner is not there: a task has its service's, and events show those of containers alone.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from urllib.parse import unquote_plus

from portero.decide.ownership.json_stream import Judge, Shape
from portero.decide.ownership.list_shapes import entries, fields, lines, whole
from portero.decide.values.dataclass import dataclass
from portero.decide.values.json_fields import JSON, to_object, to_objects

_SERVICE, _TASK = "com.docker.swarm.service.id", "com.docker.swarm.task.id"
_ANONYMOUS = "com.docker.volume.anonymous"
# The name of a task's container ends with it, and no-names-like-ids keeps others from such names.
_TASK_ID = re.compile(r"[0-9a-z]{25}")
# Networks that everybody has, and of what everybody sees the events.
_PREDEFINED = frozenset({"bridge", "host", "none"})
_OF_ALL = frozenset({"image", "node", "daemon"})
_FIGURES = ("ActiveCount", "TotalCount", "Reclaimable", "TotalSize")
_MAX_LIMIT, _MAX_DIGITS = 1 << 63, 100


@dataclass(frozen=True, slots=True)
class Viewer:
    """Who looks, by the label and the names under which the caller owns, and what other lists show of the caller's.

    `services` and `containers`: by ID. `volumes`: by name, those of the containers.
    """

    label: str
    names: frozenset[str]
    services: frozenset[str] = frozenset()
    service_names: frozenset[str] = frozenset()
    containers: frozenset[str] = frozenset()
    volumes: frozenset[str] = frozenset()

    def owns(self, labels: JSON, names: Iterable[JSON]) -> bool:
        """By the label; of a task's container that of its service counts, where the name says that it is one."""
        if not has_name_of_task(str(to_object(labels).get(_TASK)), names):
            return self.owns_plain(labels)
        return str(to_object(labels).get(_SERVICE)) in self.services

    def owns_container(self, entry: dict[str, JSON]) -> bool:
        """One of a list."""
        names = entry.get("Names")
        return self.owns(entry.get("Labels"), names if isinstance(names, list) else ())

    # -- what is noted of an entry

    def note_service(self, entry: dict[str, JSON]) -> JSON:
        """ID and name of one of the caller's."""
        spec = to_object(entry.get("Spec"))
        return [str(entry.get("ID")), str(spec.get("Name"))] if self.owns_plain(spec.get("Labels")) else None

    def note_container(self, entry: dict[str, JSON]) -> JSON:
        """ID and volumes of one of the caller's."""
        return [str(entry.get("Id")), *_list_volumes(entry)] if self.owns_container(entry) else None

    def note_sharing(self, entry: dict[str, JSON]) -> JSON:
        """Which of `volumes` a container of another mounts, too."""
        return None if self.owns_container(entry) else [*self.volumes.intersection(_list_volumes(entry))] or None

    # -- what stays of an entry

    def see_container(self, entry: dict[str, JSON]) -> JSON:
        if not self.owns_container(entry):
            return None
        if isinstance(names := entry.get("Names"), list):
            # A link adds the name of the container that has it, which can be another's.
            entry["Names"] = [name for name in names if str(name).rfind("/") <= 0]
        return entry

    def see_volume(self, entry: dict[str, JSON]) -> JSON:
        labels = to_object(entry.get("Labels"))
        is_mounted = self.label not in labels and _ANONYMOUS in labels and str(entry.get("Name")) in self.volumes
        return entry if is_mounted or self.owns_plain(labels) else None

    def owns_plain(self, labels: JSON) -> bool:
        owner = to_object(labels).get(self.label)
        return isinstance(owner, str) and owner in self.names

    def see_network(self, entry: dict[str, JSON]) -> JSON:
        if not (entry.get("Name") in _PREDEFINED or self.owns_plain(entry.get("Labels"))):
            return None
        return self.see_inside(entry)

    def see_inside(self, network: dict[str, JSON]) -> dict[str, JSON]:
        """Without the containers and services of others on it."""
        seen: dict[str, JSON] = dict(network)
        for field, own in (("Containers", self.containers), ("Services", self.service_names)):
            if field in network:
                seen[field] = {name: one for name, one in to_object(network[field]).items() if name in own}
        return seen

    def see_labelled(self, entry: dict[str, JSON]) -> JSON:
        """A service, secret or config."""
        return entry if self.owns_plain(to_object(entry.get("Spec")).get("Labels")) else None

    def see_task(self, entry: dict[str, JSON]) -> JSON:
        return entry if str(entry.get("ServiceID")) in self.services else None

    def see_event(self, entry: dict[str, JSON]) -> JSON:
        attributes = to_object(to_object(entry.get("Actor")).get("Attributes"))
        kind = entry.get("Type")
        is_own = kind == "container" and self.owns(attributes, [attributes.get("name")])
        return entry if kind in _OF_ALL or is_own else None


def has_name_of_task(task: str, names: Iterable[JSON]) -> bool:
    """Whether a container with this task in its labels is called as that task's: every image can have such labels."""
    return _TASK_ID.fullmatch(task) is not None and any(str(name).endswith(f".{task}") for name in names)


def _list_volumes(container: dict[str, JSON]) -> list[str]:
    return [str(mount["Name"]) for mount in to_objects(container.get("Mounts")) if mount.get("Name")]


def make_shape(operation: str, viewer: Viewer, limit: int = 0) -> Shape:
    """How the answer to one of LISTS is read. `limit`: of containers, above zero."""
    return entries(_limit(viewer.see_container, limit)) if limit else LISTS[operation](viewer)


def _limit(judge: Judge, limit: int) -> Judge:
    seen = 0

    def see(entry: dict[str, JSON]) -> JSON:
        nonlocal seen
        kept = judge(entry) if seen < limit else None
        seen += kept is not None
        return kept

    return see


def _keep(value: JSON) -> JSON:
    return value


def shape_usage(container: Judge, volume: Judge, cache: Judge) -> Shape:
    """Both forms of /system/df."""
    kept, judges = whole(_keep), {"Images": _keep, "Containers": container, "Volumes": volume, "BuildCache": cache}
    listed = {name: entries(judge) for name, judge in judges.items()}
    figures = dict.fromkeys(_FIGURES, kept)
    used = {f"{name.removesuffix('s')}Usage": fields({**figures, "Items": items}) for name, items in listed.items()}
    return fields({**dict.fromkeys(("LayersSize", "BuilderSize"), kept), **listed, **used})


LISTS: Mapping[str, Callable[[Viewer], Shape]] = {
    "ContainerList": lambda viewer: entries(viewer.see_container),
    "VolumeList": lambda viewer: fields({"Volumes": entries(viewer.see_volume), "Warnings": whole(_keep)}),
    **dict.fromkeys(("NetworkList", "NetworkListSlash"), lambda viewer: entries(viewer.see_network)),
    "NetworkInspect": lambda viewer: whole(lambda value: viewer.see_inside(to_object(value))),
    **dict.fromkeys(("ServiceList", "SecretList", "ConfigList"), lambda viewer: entries(viewer.see_labelled)),
    "TaskList": lambda viewer: entries(viewer.see_task),
    # Build cache entries hold commands.
    "SystemDataUsage": lambda viewer: shape_usage(viewer.see_container, viewer.see_volume, lambda entry: None),
    "SystemEvents": lambda viewer: lines(viewer.see_event),
}


def take_limit(target: str) -> tuple[str, int]:
    """A target of the list of containers without its limit, and the limit; 0: none, or one that dockerd refuses."""
    path, mark, query = target.partition("?")
    pairs = [(unquote_plus(pair.partition("=")[0]), pair) for pair in query.split("&") if pair]
    values = [unquote_plus(pair.partition("=")[2]) for name, pair in pairs if name == "limit"]
    digits = values[0].removeprefix("+") if values else ""
    if not (digits.isascii() and digits.isdigit() and len(digits) <= _MAX_DIGITS and 0 < int(digits) < _MAX_LIMIT):
        return target, 0
    # Of several values of a name dockerd takes the first.
    kept = [pair for name, pair in pairs if name not in ("limit", "all")]
    return f"{path}{mark}{'&'.join((*kept, 'all=1'))}", int(digits)
