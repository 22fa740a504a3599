"""What of dockerd's lists a caller sees: an entry in, what of it is the caller's out.

What shows no owner is not there: a task has its service's, and events show those of containers alone.
"""

from collections.abc import Callable, Mapping
from urllib.parse import unquote_plus

from portero.decide.ownership.json_stream import Judge, Shape
from portero.decide.ownership.list_shapes import entries, fields, lines, whole
from portero.decide.values.dataclass import dataclass
from portero.decide.values.json_fields import JSON, to_list, to_object

_SERVICE, _ANONYMOUS = "com.docker.swarm.service.id", "com.docker.volume.anonymous"
# Networks that everybody has, and of what everybody sees the events.
_PREDEFINED = frozenset({"bridge", "host", "none"})
_OF_ALL = frozenset({"image", "node", "daemon"})
_FIGURES = ("ActiveCount", "TotalCount", "Reclaimable", "TotalSize")
_MAX_LIMIT, _MAX_DIGITS = 1 << 63, 100


@dataclass(frozen=True, slots=True)
class Viewer:
    """Who looks, by the label and the names under which the caller owns. What was asked for the caller before:

    `services`: the owner of each by ID, and `service_names` those of the caller's. `containers`: those of the caller by
    ID; `mounting`: whose the containers are that mount a volume, by its name: True: the caller's.
    """

    label: str
    names: frozenset[str]
    services: Mapping[str, JSON]
    service_names: frozenset[str] = frozenset()
    containers: frozenset[str] = frozenset()
    mounting: Mapping[str, frozenset[bool]] | None = None

    def owns(self, labels: JSON) -> bool:
        """By the label; of a task's container that of its service counts."""
        shown = to_object(labels)
        service = shown.get(_SERVICE)
        owner = self.services.get(str(service)) if service is not None else shown.get(self.label)
        return isinstance(owner, str) and owner in self.names

    def list_services(self, listed: list[dict[str, JSON]]) -> "Viewer":
        """The same with what a list of services says."""
        specs = {str(one.get("ID")): to_object(one.get("Spec")) for one in listed}
        owners = {id: to_object(spec.get("Labels")).get(self.label) for id, spec in specs.items()}
        own = frozenset(str(spec.get("Name")) for spec in specs.values() if self.owns_plain(spec.get("Labels")))
        return Viewer(self.label, self.names, owners, own)

    def list_containers(self, listed: list[dict[str, JSON]]) -> "Viewer":
        """The same with what a list of all containers says."""
        mounting: dict[str, frozenset[bool]] = {}
        for one in listed:
            for mount in map(to_object, to_list(one.get("Mounts"))):
                name = str(mount.get("Name"))
                mounting[name] = mounting.get(name, frozenset()) | {self.owns(one.get("Labels"))}
        own = frozenset(str(one.get("Id")) for one in listed if self.owns(one.get("Labels")))
        return Viewer(self.label, self.names, self.services, self.service_names, own, mounting)

    # -- what stays of an entry

    def see_container(self, entry: dict[str, JSON]) -> JSON:
        return entry if self.owns(entry.get("Labels")) else None

    def see_volume(self, entry: dict[str, JSON]) -> JSON:
        labels = to_object(entry.get("Labels"))
        if self.label not in labels and _ANONYMOUS in labels and self.mounting is not None:
            return entry if self.mounting.get(str(entry.get("Name"))) == frozenset({True}) else None
        return entry if self.owns_plain(labels) else None

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
        owner = self.services.get(str(entry.get("ServiceID")))
        return entry if isinstance(owner, str) and owner in self.names else None

    def see_event(self, entry: dict[str, JSON]) -> JSON:
        attributes = to_object(entry.get("Actor")).get("Attributes")
        kind = entry.get("Type")
        return entry if kind in _OF_ALL or (kind == "container" and self.owns(attributes)) else None


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


def _shape_usage(viewer: Viewer) -> Shape:
    """Both forms of /system/df. Build cache entries hold commands."""
    kept, images = whole(_keep), entries(_keep)
    containers, volumes, none = entries(viewer.see_container), entries(viewer.see_volume), entries(lambda entry: None)
    figures = dict.fromkeys(_FIGURES, kept)
    return fields(
        {
            **dict.fromkeys(("LayersSize", "BuilderSize"), kept),
            **{"Images": images, "Containers": containers, "Volumes": volumes, "BuildCache": none},
            **{
                "ImageUsage": fields({**figures, "Items": images}),
                "BuildCacheUsage": fields({**figures, "Items": none}),
            },
            **{"ContainerUsage": fields({**figures, "Items": containers})},
            **{"VolumeUsage": fields({**figures, "Items": volumes})},
        }
    )


LISTS: Mapping[str, Callable[[Viewer], Shape]] = {
    "ContainerList": lambda viewer: entries(viewer.see_container),
    "VolumeList": lambda viewer: fields({"Volumes": entries(viewer.see_volume), "Warnings": whole(_keep)}),
    **dict.fromkeys(("NetworkList", "NetworkListSlash"), lambda viewer: entries(viewer.see_network)),
    "NetworkInspect": lambda viewer: whole(lambda value: viewer.see_inside(to_object(value))),
    **dict.fromkeys(("ServiceList", "SecretList", "ConfigList"), lambda viewer: entries(viewer.see_labelled)),
    "TaskList": lambda viewer: entries(viewer.see_task),
    "SystemDataUsage": _shape_usage,
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
