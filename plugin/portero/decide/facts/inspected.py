"""Turns the output of `docker inspect` into the requests that would create the objects.

In: the JSON of docker (container|service|volume|network) inspect. Out: operation, name and body of each. Other
JSON gives None. The body is then read as every body is. What dockerd filled in is removed from it, so that only what
was requested is left: a value equal to the daemon's default counts as not given, and the daemon's configuration then
counts as for a new request.
"""

from collections.abc import Iterator, Mapping

from portero.decide.facts.security import MASKED
from portero.decide.interfaces.daemon import DaemonDefaults, ObjectKind
from portero.decide.interfaces.existing import ExistingContainer, ExistingObject, Mounted
from portero.decide.values.dataclass import dataclass, replace
from portero.decide.values.json_fields import JSON, Fact, as_object, child, flag, objects, text, texts

# Networks that dockerd makes itself. People may make the last two before a swarm does, with any driver.
_PREDEFINED = {"bridge": "bridge", "host": "host", "none": "null", "ingress": "overlay", "docker_gwbridge": "bridge"}
_NETWORK = ("Name", "Driver", "IPAM", "Internal", "Attachable", "Ingress", "ConfigOnly", "Options", "Labels")
# These show what an object of docker inspect is.
_KEYS: Mapping[ObjectKind, frozenset[str]] = {
    "container": frozenset({"Id", "Config", "HostConfig"}),
    "service": frozenset({"ID", "Spec", "Endpoint"}),
    "volume": frozenset({"Name", "Driver", "Mountpoint"}),
    "network": frozenset({"Name", "Id", "Driver", "IPAM", "Scope"}),
}
_ENDPOINT = ("IPAMConfig", "Links", "Aliases", "DriverOpts")
# moby daemon/config/config.go, DefaultShmSize, and oci/defaults.go of the versions before 24.0.7 (GHSA-jq35-85cj-fj4p).
_SHM_SIZE = 64 << 20
_LATER_MASKED = "/sys/devices/virtual/powercap"
_FILLED = ("CgroupnsMode", "SecurityOpt", "MaskedPaths", "Runtime", "ShmSize")


@dataclass(frozen=True, slots=True)
class Inspected:
    """The request that creates an existing object. `network_id` is set for a network."""

    operation: str
    name: str
    body: Mapping[str, JSON]
    network_id: str = ""


def make_request(document: JSON) -> Inspected | None:
    """The request behind one object of docker inspect; None for other JSON and networks that dockerd makes itself.

    Raises Refused where a field has a type that Docker would not write.
    """
    kind = find_kind(document)
    return None if kind is None else make_creation(ExistingObject.of(kind, as_object(document, "")))


def find_kind(document: JSON) -> ObjectKind | None:
    """Of what kind one object of docker inspect is; None for other JSON, and other kinds."""
    keys = document.keys() if isinstance(document, dict) else ()
    return next((kind for kind, its in _KEYS.items() if its <= {*keys}), None)


def make_creation(one: ExistingObject) -> Inspected | None:
    """The request that creates a container, service, volume or network; None for a network of dockerd itself."""
    shown = one.shown
    if isinstance(one, ExistingContainer):
        return Inspected("ContainerCreate", one.name, _make_container(one))
    if one.kind == "service":
        return Inspected("ServiceCreate", one.name, child(shown, "Spec"))
    if one.kind == "volume":
        volume = {name: shown.get(name) for name in ("Name", "Driver", "Labels")}
        return Inspected("VolumeCreate", one.name, volume | {"DriverOpts": shown.get("Options")})
    if _PREDEFINED.get(one.name) == text(shown, "Driver"):
        return None
    network: dict[str, JSON] = {name: shown[name] for name in _NETWORK if name in shown}
    if flag(shown, "ConfigOnly"):
        network.pop("Driver", None)  # dockerd writes null there
    return Inspected("NetworkCreate", one.name, network, one.id)


def drop_cgroup_default(body: Mapping[str, JSON]) -> dict[str, JSON]:
    """The body of a container without the control group namespace that dockerd fills in on control groups version 1.

    Where the daemon cannot be asked: there it fills in the host's, and keeps OomKillDisable, which version 2 does not
    have (moby daemon/daemon_unix.go, adaptContainerSettings and verifyPlatformContainerResources).
    """
    config = child(body, "HostConfig")
    if config.get("OomKillDisable") is None or config.get("CgroupnsMode") != "host":
        return {**body}
    return {**body, "HostConfig": {name: value for name, value in config.items() if name != "CgroupnsMode"}}


def _make_container(container: ExistingContainer) -> dict[str, JSON]:
    host_config = dict(container.host_config)
    if set(MASKED) <= set(texts(host_config, "MaskedPaths")):
        del host_config["MaskedPaths"]  # dockerd writes its default list there
    if inherited := [*_list_inherited_binds(container)]:
        host_config["Mounts"] = [*objects(host_config, "Mounts"), *inherited]
    endpoints: dict[str, JSON] = {
        name: {field: endpoint[field] for field in _ENDPOINT if endpoint.get(field) is not None}
        for name, endpoint in container.endpoints.items()
    }
    return {**container.config, "HostConfig": host_config, "NetworkingConfig": {"EndpointsConfig": endpoints}}


def _list_inherited_binds(container: ExistingContainer) -> Iterator[JSON]:
    """Bind mounts that the container has and its HostConfig does not name: those of --volumes-from."""
    named = {text(mount, "Target") for mount in objects(container.host_config, "Mounts")}
    named |= {part for bind in texts(container.host_config, "Binds") for part in bind.split(":")[1:2]}
    for mount in container.mounts:
        if mount.type == "bind" and mount.target not in named:
            yield make_entry(mount)


def make_entry(mount: Mounted, *, read_only: bool = False) -> Fact:
    """A bind or volume that a container has, as an entry of Mounts that asks for it."""
    is_bind = mount.type == "bind"
    entry: Fact = {
        "Type": mount.type,
        "Source": mount.source if is_bind else mount.name,
        "Target": mount.target,
        "ReadOnly": read_only or not mount.writable,
    }
    if is_bind:
        # What another container has it from may have been a bind, whose source dockerd makes at each start.
        return {**entry, "BindOptions": {"Propagation": mount.propagation, "CreateMountpoint": True}}
    return {**entry, "VolumeOptions": {"DriverConfig": {"Name": mount.driver}}}


@dataclass(frozen=True, slots=True)
class Fills:
    """What a daemon fills in where a container sets nothing."""

    log_driver: str
    log_options: Mapping[str, str]
    runtime: str
    shm_size: int
    cgroup_namespace: str
    cgroup_v1: bool

    @classmethod
    def of(cls, info: Mapping[str, JSON], configured: DaemonDefaults) -> "Fills":
        """From GET /info and daemon.json. A daemon that reports no version of its control groups has version 1."""
        cgroup_v1 = text(info, "CgroupVersion") != "2"
        return cls(
            log_driver=text(info, "LoggingDriver"),
            log_options=configured.log_options,
            runtime=text(info, "DefaultRuntime"),
            shm_size=configured.shm_size or _SHM_SIZE,
            # daemon/config/config_linux.go, and cmd/dockerd/config_unix.go for the default.
            cgroup_namespace=configured.cgroup_namespace or ("host" if cgroup_v1 else "private"),
            cgroup_v1=cgroup_v1,
        )


def remove_filled(request: Inspected, fills: Fills) -> Inspected:
    """The same object without the values that dockerd filled in."""
    if request.operation != "ContainerCreate":
        return request
    config = child(request.body, "HostConfig")
    filled = {name for name in _FILLED if name in config and _is_filled(name, config, fills)}
    left = {name: value for name, value in config.items() if name not in filled}
    if "LogConfig" in left and text(child(config, "LogConfig"), "Type") == fills.log_driver:
        # dockerd adds the options of daemon.json to those of a request (daemon/logs.go, mergeAndVerifyLogConfig).
        options = child(child(config, "LogConfig"), "Config").items()
        requested = {name: value for name, value in options if fills.log_options.get(name) != value}
        left["LogConfig"] = {"Config": requested}
    return replace(request, body={**request.body, "HostConfig": left})


def _is_filled(name: str, config: Mapping[str, JSON], fills: Fills) -> bool:
    if name == "CgroupnsMode":
        # Of a privileged container it is the host's on the first version (daemon_unix.go, adaptContainerSettings).
        is_hosts = fills.cgroup_v1 and flag(config, "Privileged")
        return text(config, name) == ("host" if is_hosts else fills.cgroup_namespace)
    if name == "SecurityOpt":
        # dockerd adds it by itself to what shares these with the host (daemon/create.go, generateSecurityOpt).
        shares = flag(config, "Privileged") or "host" in (text(config, "PidMode"), text(config, "IpcMode"))
        return shares and texts(config, name) == ["label=disable"]
    if name == "MaskedPaths":
        return texts(config, name) == [path for path in MASKED if path != _LATER_MASKED]
    return config[name] == (fills.runtime if name == "Runtime" else fills.shm_size)
