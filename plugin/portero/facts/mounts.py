"""Everything that a request mounts: a canonical body in, one fact for each mount out (schemas/request.json).

The different ways to say one thing give one kind of fact. Refused: host paths with control characters.
"""

from collections.abc import Iterator, Mapping
from typing import cast

from portero.facts import binds, driver, tmpfs
from portero.facts.fields import as_text, child, flag, objects, text, texts
from portero.facts.mount import anything, fact, opened, target
from portero.facts.paths import is_absolute, rooted
from portero.host.view import HostMoment
from portero.types import JSON, Fact

_TYPES = frozenset({"bind", "volume", "tmpfs", "image", "cluster", "npipe"})
# Swarm expands Go templates in a mount's source and driver options (swarmkit template/expand.go, expandMounts).
_TEMPLATE = "{{"


def of_create(body: Mapping[str, JSON], host: HostMoment) -> list[Fact]:
    """The mounts of ContainerCreate: Binds, Volumes, Mounts, Tmpfs."""
    settings = child(body, "HostConfig")
    volume_driver = text(settings, "VolumeDriver")
    return [
        *(binds.read(bind, volume_driver, said, host) for said, bind in _said("HostConfig.Binds", settings)),
        *(_anonymous(path, volume_driver, host) for path in child(body, "Volumes")),
        *(_entry(entry, f"HostConfig.Mounts[{n}]", host) for n, entry in enumerate(objects(settings, "Mounts"))),
        *(_tmpfs(path, options) for path, options in _text_map(settings, "Tmpfs").items()),
    ]


def of_service(body: Mapping[str, JSON], host: HostMoment) -> list[Fact]:
    """The mounts of ServiceCreate and ServiceUpdate."""
    entries = objects(child(child(body, "TaskTemplate"), "ContainerSpec"), "Mounts")
    return [_service_entry(entry, f"TaskTemplate.ContainerSpec.Mounts[{n}]", host) for n, entry in enumerate(entries)]


def of_volume(body: Mapping[str, JSON], host: HostMoment) -> list[Fact]:
    """What VolumeCreate opens: whoever may use the volume later sees this.

    Before API 1.42 dockerd does not see ClusterVolumeSpec and creates a plain volume with DriverOpts (moby
    api/server/router/volume/volume_routes.go), so both are told.
    """
    name, options = text(body, "Driver"), _text_map(body, "DriverOpts")
    source: Fact = {"source": text(body, "Name") or None}
    said = "DriverOpts" if options else "Driver"
    plain = fact(said, "volume", "volume", source | driver.told(name, options, said, host))
    if "ClusterVolumeSpec" not in body:
        return [plain]
    cluster = fact("ClusterVolumeSpec", "cluster", "volume", source | {"driver": name or driver.LOCAL})
    return [cluster, plain] if options else [cluster]


def volumes_from(body: Mapping[str, JSON]) -> list[Fact]:
    """The containers whose mounts are taken over: `container` or `container:mode` (ParseVolumesFrom)."""
    entries = _said("HostConfig.VolumesFrom", child(body, "HostConfig"))
    return [{"container": entry.partition(":")[0], "at": said} for said, entry in entries]


def _said(place: str, settings: Mapping[str, JSON]) -> Iterator[tuple[str, str]]:
    """Each string of a list in HostConfig, with its place."""
    name = place.rpartition(".")[2]
    return ((f"{place}[{n}]", value) for n, value in enumerate(texts(settings, name)))


def _text_map(fields: Mapping[str, JSON], name: str) -> dict[str, str]:
    return {key: as_text(value, name) for key, value in child(fields, name).items()}


def _anonymous(path: str, volume_driver: str, host: HostMoment) -> Fact:
    """Config.Volumes; HostConfig.VolumeDriver holds for these too (moby daemon/create_unix.go)."""
    said = "Volumes[*]"
    told: Fact = {"target": target(path)}
    return fact(said, "volume", "volume", told | driver.told(volume_driver, {}, said, host))


def _tmpfs(path: str, said_options: str) -> Fact:
    """One entry of HostConfig.Tmpfs; dockerd puts noexec, nosuid, nodev before what is said (daemon/oci_linux.go)."""
    options = tmpfs.split(said_options)
    return fact("HostConfig.Tmpfs[*]", "tmpfs", "tmpfs", {"target": target(path)} | _tmpfs_told(options))


def _tmpfs_told(options: list[str]) -> Fact:
    return {
        "options": cast(list[JSON], options),
        "writable": not tmpfs.read_only(options),
        "sizeBytes": tmpfs.size(options),
    }


def _entry(entry: Mapping[str, JSON], said: str, host: HostMoment) -> Fact:
    """One entry of a Mounts list. dockerd compares the type with regard to case, and refuses others."""
    kind, source = text(entry, "Type"), text(entry, "Source")
    told: Fact = {
        "source": source or None,
        "target": target(text(entry, "Target")),
        "writable": not flag(entry, "ReadOnly"),
        "propagation": text(child(entry, "BindOptions"), "Propagation"),
    }
    if kind == "tmpfs":
        told |= _tmpfs_told(tmpfs.told(entry))
    elif kind == "volume":
        told |= _volume_told(entry, said, host)
    elif kind == "bind" or (kind not in _TYPES and is_absolute(source)):
        # Cleaning may leave a relative path of what dockerd took for absolute ("\\x/../etc"); runc then climbs from
        # the container's folder. From the root it reads no less dangerous.
        path = rooted(source, said)
        told |= {"source": path} | opened([path], said, host)
    return fact(said, kind if kind in _TYPES else "other", "mount", told)


def _volume_told(entry: Mapping[str, JSON], said: str, host: HostMoment) -> Fact:
    """What the driver decides; ReadOnly of the mount and ro of the driver each make it read-only."""
    config = child(child(entry, "VolumeOptions"), "DriverConfig")
    told = driver.told(text(config, "Name"), _text_map(config, "Options"), said, host)
    return told | {"writable": told.get("writable", True) is True and not flag(entry, "ReadOnly")}


def _service_entry(entry: Mapping[str, JSON], said: str, host: HostMoment) -> Fact:
    """One mount of a service: type and propagation in any case; no type is a bind.

    (moby daemon/cluster/convert/container.go, containerToGRPC.)
    """
    propagation = _folded(text(child(entry, "BindOptions"), "Propagation"))
    kind = _folded(text(entry, "Type")) or "bind"
    told = _entry(dict(entry) | {"Type": kind, "BindOptions": {"Propagation": propagation}}, said, host)
    if not _is_template(kind, entry):
        return told
    return told | anything(said, host) | {"writable": not flag(entry, "ReadOnly")}


def _folded(word: str) -> str:
    """Upper case and back, since a dotless i and a long s become plain letters when Go's strings.ToUpper meets them."""
    return word.upper().lower()


def _is_template(kind: str, entry: Mapping[str, JSON]) -> bool:
    """Whether swarm can still make any host path of this mount."""
    if kind != "volume":
        return kind == "bind" and _TEMPLATE in text(entry, "Source")
    config = child(child(entry, "VolumeOptions"), "DriverConfig")
    options = _text_map(config, "Options")
    return driver.is_local(text(config, "Name")) and any(_TEMPLATE in value for value in options.values())
