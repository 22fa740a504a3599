"""An existing object as fields, read once from what dockerd shows of it: docker inspect, or an entry of a list.

What an answer does not show is None where it could be taken for empty: a list lacks fields.

And dockerd's list of containers, found by ID and by the host paths that they mount, whole or change by change.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TypeAlias

from portero.decide.interfaces.daemon import ObjectKind
from portero.decide.interfaces.effects import Source
from portero.decide.values.dataclass import dataclass
from portero.decide.values.docker_names import WITHOUT_HOST_PATH, find_namespace_owner
from portero.decide.values.json_fields import JSON, as_object, child, flag, objects, text, texts

# Where HostConfig says whose namespaces a container has.
NAMESPACES = ("NetworkMode", "PidMode", "IpcMode")
# Where the name and the labels of an object are, but for those that have them at the top.
_NAMED_IN = {"service": "Spec", "secret": "Spec", "config": "Spec"}
_LABELLED_IN = {**_NAMED_IN, "container": "Config"}
# A path of the host, and whether it is mounted for writing.
MountedPath: TypeAlias = tuple[str, bool]


def is_host_path(type: str, source: str) -> bool:
    """Whether a mount shows a path of the host: what a volume opens is mounted at the volume's folder."""
    return type not in WITHOUT_HOST_PATH and source.startswith("/")


@dataclass(frozen=True, slots=True)
class Mounted:
    """What a container has mounted. `name`: of a volume."""

    type: str
    name: str
    source: str
    target: str
    driver: str
    propagation: str
    writable: bool

    @classmethod
    def of(cls, shown: Mapping[str, JSON]) -> "Mounted":
        return cls(
            text(shown, "Type"),
            text(shown, "Name"),
            text(shown, "Source"),
            text(shown, "Destination"),
            text(shown, "Driver"),
            text(shown, "Propagation"),
            flag(shown, "RW"),
        )

    @property
    def is_shared_volume(self) -> bool:
        """Whether it has a name under which other containers can have it."""
        return self.name != "" and self.type not in WITHOUT_HOST_PATH


@dataclass(frozen=True, slots=True)
class ExistingObject:
    """An object of any kind; `shown`: all that dockerd shows of it."""

    kind: ObjectKind
    id: str
    name: str
    shown: Mapping[str, JSON]

    @classmethod
    def of(cls, kind: ObjectKind, shown: Mapping[str, JSON]) -> "ExistingObject":
        """Raises Refused (WrongType) where a field has a type that dockerd does not write."""
        if kind == "container":
            return ExistingContainer.read(shown)
        named = child(shown, _NAMED_IN[kind]) if kind in _NAMED_IN else shown
        return cls(kind, text(shown, "Id") or text(shown, "ID"), text(named, "Name"), shown)

    @property
    def labels(self) -> Mapping[str, JSON]:
        inside = _LABELLED_IN.get(self.kind)
        return child(child(self.shown, inside) if inside else self.shown, "Labels")


@dataclass(frozen=True, slots=True)
class ExistingContainer(ExistingObject):
    """`modes`: by NAMESPACES, and `joined` by those what it calls the container whose namespace it shares. `endpoints`
    and `networks`, the IDs: by the name of each network. `config` and `host_config`: as a request has them.

    What few requests ask for is read when it is asked for, and raises as `of` does.
    """

    modes: Mapping[str, str]
    joined: Mapping[str, str]
    mounts: tuple[Mounted, ...]
    endpoints: Mapping[str, Mapping[str, JSON]]
    networks: Mapping[str, str]
    config: Mapping[str, JSON]
    host_config: Mapping[str, JSON]

    @classmethod
    def read(cls, shown: Mapping[str, JSON]) -> "ExistingContainer":
        """From docker inspect or an entry of a list; raises as `of` does."""
        host_config = child(shown, "HostConfig")
        networks = child(child(shown, "NetworkSettings"), "Networks")
        endpoints = {name: as_object(endpoint, name) for name, endpoint in networks.items()}
        names = texts(shown, "Names")
        modes = {mode: text(host_config, mode) for mode in NAMESPACES}
        joined = ((mode, find_namespace_owner(value)) for mode, value in modes.items())
        return cls(
            kind="container",
            id=text(shown, "Id"),
            name=(names[0] if names else text(shown, "Name")).removeprefix("/"),
            shown=shown,
            modes=modes,
            joined={mode: name.removeprefix("/") for mode, name in joined if name},
            mounts=tuple(map(Mounted.of, objects(shown, "Mounts"))),
            endpoints=endpoints,
            networks={name: text(endpoint, "NetworkID") for name, endpoint in endpoints.items()},
            config=child(shown, "Config"),
            host_config=host_config,
        )

    @property
    def state(self) -> str:
        """Of its last run."""
        state = self.shown.get("State")
        return state if isinstance(state, str) else text(child(self.shown, "State"), "Status")

    @property
    def images(self) -> tuple[str, ...]:
        """The ID that it was made from, and the digest of the image's part for it where there is one."""
        platform = text(child(self.shown, "ImageManifestDescriptor"), "digest")
        return text(self.shown, "Image"), *([platform] if platform else [])

    @property
    def sources(self) -> tuple[Source, ...]:
        """The paths of the host that it has mounted."""
        return tuple(
            Source(mount.source, mount.writable, at=f"Mounts[{index}]")
            for index, mount in enumerate(self.mounts)
            if is_host_path(mount.type, mount.source)
        )


def list_paths(container: Mapping[str, JSON]) -> Sequence[MountedPath]:
    """The host paths of a container in dockerd's list, each once."""
    mounts = ((text(mount, "Type"), text(mount, "Source"), mount) for mount in objects(container, "Mounts"))
    return [*dict.fromkeys((source, flag(mount, "RW")) for type, source, mount in mounts if is_host_path(type, source))]


@dataclass(frozen=True, slots=True, eq=False)
class ContainerList(Iterable[Mapping[str, JSON]]):
    """`by_path`: the IDs of those that mount each path. What did not change is the same object in the next list."""

    by_id: Mapping[str, Mapping[str, JSON]]
    by_path: Mapping[MountedPath, Sequence[str]]

    @classmethod
    def of(cls, listed: Iterable[Mapping[str, JSON]]) -> "ContainerList":
        """The same list where it is one."""
        if isinstance(listed, ContainerList):
            return listed
        by_id = {text(one, "Id") or str(number): one for number, one in enumerate(listed)}
        by_path: defaultdict[MountedPath, list[str]] = defaultdict(list)
        for id, one in by_id.items():
            for path in list_paths(one):
                by_path[path].append(id)
        return cls(by_id, by_path)

    def add(self, others: Iterable[Mapping[str, JSON]]) -> "ContainerList":
        """With others that are not in it."""
        more = ContainerList.of(others)
        if not more:
            return self
        by_path = {path: (*self.by_path.get(path, ()), *ids) for path, ids in more.by_path.items()}
        return ContainerList({**self.by_id, **more.by_id}, {**self.by_path, **by_path})

    def __iter__(self) -> Iterator[Mapping[str, JSON]]:
        return iter(self.by_id.values())

    def __len__(self) -> int:
        return len(self.by_id)
