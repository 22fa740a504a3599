"""What a request means once Docker's option syntaxes are parsed (schemas/request.json describes every fact).

Canonical body, query and path of one operation in, its facts out. A fact is present exactly when the operation has
fields for it. What cannot be read as dockerd reads it is Refused.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from portero.facts import (
    blockio,
    build,
    buildkit,
    capabilities,
    commit,
    devices,
    downloads,
    groups,
    image,
    limits,
    log,
    masked_paths,
    mounts,
    namespaces,
    networks,
    plugins,
    ports,
    process,
    secrets,
    security,
    tasks,
    working_directory,
)
from portero.facts.fields import child, flag, integer, objects, text, texts
from portero.host.view import HostMoment
from portero.refusals import Refused
from portero.types import JSON, Fact

_SPEC = "TaskTemplate.ContainerSpec"


@dataclass(frozen=True, slots=True)
class _Call:
    body: Fact
    query: Mapping[str, tuple[str, ...]]
    path: Mapping[str, str]
    host: HostMoment


def collect(
    operation_id: str,
    body: JSON,
    query: Mapping[str, tuple[str, ...]],
    path: Mapping[str, str],
    host: HostMoment,
) -> dict[str, JSON]:
    """The facts of one call; {} for an operation that has none."""
    read = _READERS.get(operation_id)
    if read is None:
        return {}
    if body is not None and not isinstance(body, dict):
        raise Refused("body-wrong-type")
    return read(_Call(body or {}, query, path, host))


def _container_create(call: _Call) -> dict[str, JSON]:
    body, config = call.body, child(call.body, "HostConfig")
    return {
        **_container_isolation(body, call.host),
        **_container_resources(config, "HostConfig.", call.host),
        "limits": limits.read_create(config),
        "blockIO": blockio.read_limits(config, "HostConfig.", call.host),
        "image": image.parse(text(body, "Image"), "Image"),
        "mounts": [*mounts.read_create(body, call.host)],
        "plugins": plugins.read_create(body),
        "mountedImages": [*mounts.read_images(objects(config, "Mounts"), "HostConfig.Mounts")],
        "volumesFrom": [*mounts.read_volumes_from(body)],
        "devices": devices.read_devices(config, "HostConfig.", call.host),
        "deviceCgroupRules": devices.read_rules(config, "HostConfig."),
        "deviceRequests": devices.read_requests(config, "HostConfig."),
        "ports": ports.read_create(config),
        "publishedPorts": ports.count_create(body),
        "stopTimeout": process.make_value(integer(body, "StopTimeout"), "StopTimeout"),
        "publishAllPorts": process.make_value(flag(config, "PublishAllPorts"), "HostConfig.PublishAllPorts"),
        "log": log.read_create(config),
        "healthcheck": process.read_healthcheck(child(body, "Healthcheck"), "Healthcheck"),
        "secrets": secrets.find_in_env(texts(body, "Env"), "Env")
        + secrets.find_in_map(child(body, "Labels"), "Labels[*]"),
    }


def _container_isolation(body: Fact, host: HostMoment) -> dict[str, JSON]:
    config = child(body, "HostConfig")
    return {
        "privileged": process.make_value(flag(config, "Privileged"), "HostConfig.Privileged"),
        "capabilities": capabilities.read_create(config),
        **security.read_create(config),
        "maskedPathsNewer": masked_paths.read_create(config, host),
        "namespaces": namespaces.read_create(config),
        "networks": networks.read_create(body, host),
        "readOnlyRootfs": process.make_value(flag(config, "ReadonlyRootfs"), "HostConfig.ReadonlyRootfs"),
        "user": process.make_value(text(body, "User"), "User"),
        "workingDirectory": working_directory.read_working_directory(body, "WorkingDir", "WorkingDir"),
        "groups": groups.read_groups(texts(config, "GroupAdd"), "HostConfig.GroupAdd")
        + groups.read_primary(text(body, "User"), "User"),
        "sysctls": process.read_sysctls(child(config, "Sysctls"), "HostConfig.Sysctls[*]")
        + process.read_domain_name(text(body, "Domainname"), "Domainname")
        + networks.read_endpoint_sysctls(body),
        "runtime": process.make_value(text(config, "Runtime"), "HostConfig.Runtime"),
        "annotations": process.read_annotations(child(config, "Annotations"), "HostConfig.Annotations[*]"),
        "extraHosts": process.read_extra_hosts(texts(config, "ExtraHosts"), "HostConfig.ExtraHosts"),
    }


def _container_resources(config: Fact, prefix: str, host: HostMoment) -> dict[str, JSON]:
    """What create and update share: below HostConfig of the one, at the top of the other."""
    return {
        "oomKillDisable": process.make_value(config.get("OomKillDisable"), f"{prefix}OomKillDisable"),
        "cgroupParent": process.make_value(text(config, "CgroupParent"), f"{prefix}CgroupParent"),
        "ulimits": limits.read_ulimits(config, f"{prefix}Ulimits"),
        "restartPolicy": process.read_container_restart(child(config, "RestartPolicy"), f"{prefix}RestartPolicy"),
    }


def _container_update(call: _Call) -> dict[str, JSON]:
    # dockerd ignores Devices here (measured on 26.1.5). A request that has them is judged by them all the same.
    return {
        **_container_resources(call.body, "", call.host),
        "limits": limits.read_update(call.body),
        "blockIO": blockio.read_update(call.body, call.host),
        "devices": devices.read_devices(call.body, "", call.host),
        "deviceCgroupRules": devices.read_rules(call.body, ""),
        "deviceRequests": devices.read_requests(call.body, ""),
    }


def _container_exec(call: _Call) -> dict[str, JSON]:
    return {
        "privileged": process.make_value(flag(call.body, "Privileged"), "Privileged"),
        "user": process.make_value(text(call.body, "User"), "User"),
        "workingDirectory": working_directory.read_working_directory(call.body, "WorkingDir", "WorkingDir"),
        "groups": groups.read_primary(text(call.body, "User"), "User"),
        "secrets": secrets.find_in_env(texts(call.body, "Env"), "Env"),
    }


def _service(call: _Call) -> dict[str, JSON]:
    body, task = call.body, child(call.body, "TaskTemplate")
    spec = child(task, "ContainerSpec")
    return {
        "capabilities": capabilities.read_service(spec),
        "tasks": tasks.read_counts(body),
        **security.read_service(spec),
        "networks": networks.read_service(body, call.host),
        "mounts": [*mounts.read_service(body, call.host)],
        "mountedImages": [*mounts.read_images(objects(spec, "Mounts"), f"{_SPEC}.Mounts")],
        "plugins": plugins.read_service(body),
        "sysctls": process.read_sysctls(child(spec, "Sysctls"), f"{_SPEC}.Sysctls[*]")
        + networks.read_endpoint_sysctls(body),
        "runtime": process.make_value(text(task, "Runtime"), "TaskTemplate.Runtime"),
        "groups": groups.read_groups(texts(spec, "Groups"), f"{_SPEC}.Groups")
        + groups.read_primary(text(spec, "User"), f"{_SPEC}.User"),
        "user": process.make_value(text(spec, "User"), f"{_SPEC}.User"),
        "workingDirectory": working_directory.read_working_directory(spec, "Dir", f"{_SPEC}.Dir"),
        "limits": limits.read_service(task),
        "ulimits": limits.read_ulimits(spec, f"{_SPEC}.Ulimits"),
        "readOnlyRootfs": process.make_value(flag(spec, "ReadOnly"), f"{_SPEC}.ReadOnly"),
        "image": image.parse(text(spec, "Image"), f"{_SPEC}.Image"),
        "ports": ports.read_service(child(body, "EndpointSpec")),
        "publishedPorts": ports.count_service(child(body, "EndpointSpec")),
        "stopTimeout": process.read_grace_period(spec, f"{_SPEC}.StopGracePeriod"),
        "log": log.read_service(task),
        "restartPolicy": process.read_service_restart(child(task, "RestartPolicy"), "TaskTemplate.RestartPolicy"),
        "healthcheck": process.read_healthcheck(child(spec, "Healthcheck"), f"{_SPEC}.Healthcheck"),
        "extraHosts": process.read_service_hosts(texts(spec, "Hosts"), f"{_SPEC}.Hosts"),
        "secrets": secrets.find_in_env(texts(spec, "Env"), f"{_SPEC}.Env")
        + secrets.find_in_map(child(spec, "Labels"), f"{_SPEC}.Labels[*]")
        + secrets.find_in_map(child(body, "Labels"), "Labels[*]"),
    }


def _image_create(call: _Call) -> dict[str, JSON]:
    pulled = image.read_pull(call.query)
    imported = {"downloads": downloads.read_import(call.query)}
    named = {} if pulled else image.read_new_name(call.query)
    return pulled | imported | named | buildkit.read_pull(pulled.get("image"), call.host)


def _swarm(spec: Fact, prefix: str) -> dict[str, JSON]:
    return {"plugins": plugins.read_swarm(spec, prefix), "log": log.read_swarm(spec, prefix)}


_READERS: Mapping[str, Callable[[_Call], dict[str, JSON]]] = {
    "ContainerCreate": _container_create,
    "ContainerUpdate": _container_update,
    "ContainerExec": _container_exec,
    "ServiceCreate": _service,
    "ServiceUpdate": _service,
    "VolumeCreate": lambda call: {
        "mounts": [*mounts.read_volume(call.body, call.host)],
        "plugins": plugins.read_volume(call.body),
    },
    "NetworkCreate": lambda call: {
        "network": networks.read_created(call.body, call.host),
        "plugins": plugins.read_network(call.body),
    },
    "NetworkConnect": lambda call: {
        "networks": networks.read_connect(call.path, call.body, call.host),
        "sysctls": networks.read_endpoint_sysctls(call.body),
    },
    "NetworkDelete": lambda call: {"networks": networks.read_delete(call.path, call.host)},
    "ImageBuild": lambda call: build.read_query(call.query, call.host),
    "ImageCommit": lambda call: commit.read_config(call.body, call.query) | image.read_new_name(call.query),
    "ImageCreate": _image_create,
    "ContainerInspect": lambda call: buildkit.read_inspect(call.path, call.host),
    "Grpc": lambda call: buildkit.read_connection(call.host),
    "Session": lambda call: buildkit.read_connection(call.host),
    **dict.fromkeys(
        ("SecretCreate", "SecretUpdate", "ConfigCreate", "ConfigUpdate"),
        lambda call: {"plugins": plugins.read_secret(call.body)},
    ),
    "ImagePush": lambda call: image.read_push(call.path, call.query),
    "ImageTag": lambda call: image.read_tag(call.path, call.query),
    "ImageSearch": lambda call: image.read_search(call.query),
    "DistributionInspect": lambda call: image.read_distribution(call.path),
    "SwarmInit": lambda call: _swarm(child(call.body, "Spec"), "Spec."),
    "SwarmUpdate": lambda call: _swarm(call.body, ""),
}
