"""Everything that a request mounts: a canonical body in, one fact for each mount out (schemas/request.json).

The different syntaxes of one mount give one kind of fact. Raises Refused for host paths with control characters,
and for paths where a volume's name stands.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import cast

from portero.decide.facts import driver, image, tmpfs
from portero.decide.facts.binds import _refuse_path, parse_bind
from portero.decide.facts.host_paths import clean_from_root
from portero.decide.facts.mount import add_reach, clean_target, find_made_in, make_fact, resolve_sources
from portero.decide.interfaces.host import HostMoment
from portero.decide.reading.go_json import fold_case
from portero.decide.values.docker_names import MOUNT_TYPES
from portero.decide.values.json_fields import JSON, Fact, as_text, child, flag, objects, text, texts
from portero.decide.values.path import is_absolute
from portero.decide.values.refusals import Refused

# Swarm expands Go templates in a mount's source and driver options (swarmkit template/expand.go, expandMounts).
_TEMPLATE = "{{"


def read_create(body: Mapping[str, JSON], host: HostMoment) -> list[Fact]:
    """The mounts of ContainerCreate: Binds, Volumes, Mounts, Tmpfs."""
    settings = child(body, "HostConfig")
    volume_driver = text(settings, "VolumeDriver")
    facts = [
        *(parse_bind(bind, volume_driver, at, host) for at, bind in _list_texts("HostConfig.Binds", settings)),
        *(_make_anonymous(path, volume_driver, host) for path in child(body, "Volumes")),
        *(_read_entry(entry, f"HostConfig.Mounts[{n}]", host) for n, entry in enumerate(objects(settings, "Mounts"))),
        *(_make_tmpfs(path, options) for path, options in _read_texts(settings, "Tmpfs").items()),
    ]
    return add_reach(facts, host)


def read_service(body: Mapping[str, JSON], host: HostMoment) -> list[Fact]:
    """The mounts of ServiceCreate and ServiceUpdate."""
    entries = objects(child(child(body, "TaskTemplate"), "ContainerSpec"), "Mounts")
    at = "TaskTemplate.ContainerSpec.Mounts"
    return add_reach([_read_service_entry(entry, f"{at}[{n}]", host) for n, entry in enumerate(entries)], host)


def read_volume(body: Mapping[str, JSON], host: HostMoment) -> list[Fact]:
    """The host paths that a new volume opens to every container that mounts it.

    Before API 1.42 dockerd does not see ClusterVolumeSpec and creates a plain volume with DriverOpts (moby
    api/server/router/volume/volume_routes.go), so there is a fact for each.
    """
    name, options = text(body, "Driver"), _read_texts(body, "DriverOpts")
    source: Fact = {"source": text(body, "Name") or None}
    at = "DriverOpts" if options else "Driver"
    plain = make_fact(at, "volume", "volume", source | driver.read_options(name, options, at, host))
    if "ClusterVolumeSpec" not in body:
        return add_reach([plain], host)
    cluster = make_fact("ClusterVolumeSpec", "cluster", "volume", source | {"driver": name or driver.LOCAL})
    return add_reach([cluster, plain] if options else [cluster], host)


def read_volumes_from(body: Mapping[str, JSON]) -> list[Fact]:
    """The containers of --volumes-from: `container` or `container:mode` (ParseVolumesFrom)."""
    entries = _list_texts("HostConfig.VolumesFrom", child(body, "HostConfig"))
    return [{"container": entry.partition(":")[0], "at": at} for at, entry in entries]


def read_images(entries: Iterable[Mapping[str, JSON]], at: str) -> Iterator[Fact]:
    """The images that a list of Mounts shows in the container. Docker takes them by any name and by ID, as a create."""
    for index, entry in enumerate(entries):
        if fold_case(text(entry, "Type")) == "image":
            yield image.parse_reference(text(entry, "Source"), f"{at}[{index}]")


def _list_texts(at: str, settings: Mapping[str, JSON]) -> Iterator[tuple[str, str]]:
    """Each string of a list in HostConfig, with its `at`."""
    name = at.rpartition(".")[2]
    return ((f"{at}[{n}]", value) for n, value in enumerate(texts(settings, name)))


def _read_texts(fields: Mapping[str, JSON], name: str) -> dict[str, str]:
    return {key: as_text(value, name) for key, value in child(fields, name).items()}


def _make_anonymous(path: str, volume_driver: str, host: HostMoment) -> Fact:
    """Config.Volumes; HostConfig.VolumeDriver holds for these too (moby daemon/create_unix.go)."""
    at = "Volumes[*]"
    fact: Fact = {"target": clean_target(path)}
    return make_fact(at, "volume", "volume", fact | driver.read_options(volume_driver, {}, at, host))


def _make_tmpfs(path: str, spelled: str) -> Fact:
    """One entry of HostConfig.Tmpfs; dockerd puts noexec, nosuid, nodev before these (daemon/oci_linux.go)."""
    options = tmpfs.split_options(spelled, "HostConfig.Tmpfs[*]")
    fact: Fact = {
        "target": clean_target(path),
        "options": cast("list[JSON]", options),
        "writable": not tmpfs.is_read_only(options),
        "sizeBytes": tmpfs.find_size(options),
    }
    return make_fact("HostConfig.Tmpfs[*]", "tmpfs", "tmpfs", fact)


def _read_entry(entry: Mapping[str, JSON], at: str, host: HostMoment) -> Fact:
    """One entry of a Mounts list. dockerd compares the type case-sensitively and refuses others."""
    kind, source = text(entry, "Type"), text(entry, "Source")
    fact: Fact = {
        "source": source or None,
        "target": clean_target(text(entry, "Target")),
        "writable": not flag(entry, "ReadOnly"),
        "propagation": text(child(entry, "BindOptions"), "Propagation"),
    }
    if kind == "tmpfs":
        writable, size = tmpfs.read_entry_limits(entry)
        fact |= {"options": cast("list[JSON]", tmpfs.list_options(entry)), "writable": writable, "sizeBytes": size}
    elif kind == "volume":
        _refuse_path(source, at)
        fact |= _read_volume_options(entry, at, host)
    elif kind == "bind" or (kind not in MOUNT_TYPES and is_absolute(source)):
        # Cleaning can leave a relative path of what dockerd took for absolute ("\\x/../etc"); runc then climbs from
        # the container's folder. Read from the root it is at least as dangerous.
        path, options = clean_from_root(source, at), child(entry, "BindOptions")
        fact |= {"source": path} | resolve_sources([path], at, host)
        if flag(options, "NonRecursive"):
            fact["mountsBelow"] = []  # it shows the source alone
        if flag(options, "CreateMountpoint"):
            fact["madeIn"] = find_made_in(path, host)
        # What is mounted below the source stays writable.
        fact["writable"] = fact["writable"] or (flag(options, "ReadOnlyNonRecursive") and bool(fact["mountsBelow"]))
    return make_fact(at, kind if kind in MOUNT_TYPES else "other", "mount", fact)


def _read_volume_options(entry: Mapping[str, JSON], at: str, host: HostMoment) -> Fact:
    """What the driver decides; ReadOnly of the mount and ro of the driver each make it read-only."""
    config = child(child(entry, "VolumeOptions"), "DriverConfig")
    fact = driver.read_options(text(config, "Name"), _read_texts(config, "Options"), at, host)
    return fact | {"writable": fact.get("writable", True) is True and not flag(entry, "ReadOnly")}


def _read_service_entry(entry: Mapping[str, JSON], at: str, host: HostMoment) -> Fact:
    """One mount of a service: type and propagation in any case; no type is a bind.

    (moby daemon/cluster/convert/container.go, containerToGRPC.)
    """
    propagation = fold_case(text(child(entry, "BindOptions"), "Propagation"))
    kind = fold_case(text(entry, "Type")) or "bind"
    options: Fact = {
        "Propagation": propagation,
        "CreateMountpoint": flag(child(entry, "BindOptions"), "CreateMountpoint"),
    }
    fact = _read_entry(dict(entry) | {"Type": kind, "BindOptions": options}, at, host)
    if _is_template(kind, entry):
        raise Refused("mount-template", at)
    return fact


def _is_template(kind: str, entry: Mapping[str, JSON]) -> bool:
    """Whether swarm can still turn this mount into any host path."""
    if kind != "volume":
        return kind == "bind" and _TEMPLATE in text(entry, "Source")
    config = child(child(entry, "VolumeOptions"), "DriverConfig")
    options = _read_texts(config, "Options")
    return driver.is_local(text(config, "Name")) and any(_TEMPLATE in value for value in options.values())
