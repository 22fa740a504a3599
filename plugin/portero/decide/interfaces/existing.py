"""An existing object as fields, read once from what dockerd shows of it: docker inspect, or an entry of a list.

What an answer does not show is None where it could be taken for empty: a list lacks fields.
"""

from collections.abc import Mapping

from portero.decide.interfaces.daemon import ObjectKind
from portero.decide.interfaces.pending_requests import Source
from portero.decide.values.dataclass import dataclass
from portero.decide.values.docker_names import WITHOUT_HOST_PATH, find_namespace_owner
from portero.decide.values.json_fields import as_object, child, flag, objects, text, texts
from portero.decide.values.json_types import JSON

# Where HostConfig says whose namespaces a container has.
NAMESPACES = ("NetworkMode", "PidMode", "IpcMode")
# Where the name and the labels of an object are, but for those that have them at the top.
_NAMED_IN = {"service": "Spec", "secret": "Spec", "config": "Spec"}
_LABELLED_IN = {**_NAMED_IN, "container": "Config"}


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
    labels: Mapping[str, JSON]
    shown: Mapping[str, JSON]

    @classmethod
    def of(cls, kind: ObjectKind, shown: Mapping[str, JSON]) -> "ExistingObject":
        """Raises Refused (WrongType) where a field has a type that dockerd does not write."""
        if kind == "container":
            return ExistingContainer.read(shown)
        named = child(shown, _NAMED_IN[kind]) if kind in _NAMED_IN else shown
        return cls(kind, text(shown, "Id") or text(shown, "ID"), text(named, "Name"), child(named, "Labels"), shown)


@dataclass(frozen=True, slots=True)
class ExistingContainer(ExistingObject):
    """`state` and `started`: of its last run. `created`: UTC text, in a list seconds since 1970.

    `modes`: by NAMESPACES, and `joined` by those what it calls the container whose namespace it shares. `endpoints` and
    `networks`, the IDs: by the name of each network. `image`: the ID that it was made from, and
    `platform` the digest of the image's part for it. `user`: None: not shown. `config` and `host_config`: as a request
    has them.
    """

    state: str
    started: str
    created: JSON
    modes: Mapping[str, str]
    joined: Mapping[str, str]
    mounts: tuple[Mounted, ...]
    endpoints: Mapping[str, Mapping[str, JSON]]
    networks: Mapping[str, str]
    image: str
    platform: str
    user: JSON
    config: Mapping[str, JSON]
    host_config: Mapping[str, JSON]

    @classmethod
    def read(cls, shown: Mapping[str, JSON]) -> "ExistingContainer":
        """From docker inspect or an entry of a list; raises as `of` does."""
        state, config, host_config = shown.get("State"), child(shown, "Config"), child(shown, "HostConfig")
        networks = child(child(shown, "NetworkSettings"), "Networks")
        endpoints = {name: as_object(endpoint, name) for name, endpoint in networks.items()}
        names = texts(shown, "Names")
        modes = {mode: text(host_config, mode) for mode in NAMESPACES}
        joined = ((mode, find_namespace_owner(value)) for mode, value in modes.items())
        return cls(
            kind="container",
            id=text(shown, "Id"),
            name=(names[0] if names else text(shown, "Name")).removeprefix("/"),
            labels=child(config, "Labels"),
            shown=shown,
            state=state if isinstance(state, str) else text(child(shown, "State"), "Status"),
            started="" if isinstance(state, str) else text(child(shown, "State"), "StartedAt"),
            created=shown.get("Created"),
            modes=modes,
            joined={mode: name.removeprefix("/") for mode, name in joined if name},
            mounts=tuple(map(Mounted.of, objects(shown, "Mounts"))),
            endpoints=endpoints,
            networks={name: text(endpoint, "NetworkID") for name, endpoint in endpoints.items()},
            image=text(shown, "Image"),
            platform=text(child(shown, "ImageManifestDescriptor"), "digest"),
            user=config.get("User"),
            config=config,
            host_config=host_config,
        )

    @property
    def sources(self) -> tuple[Source, ...]:
        """The paths of the host that it has mounted."""
        return tuple(
            Source(mount.source, mount.writable, at=f"Mounts[{index}]")
            for index, mount in enumerate(self.mounts)
            if is_host_path(mount.type, mount.source)
        )
