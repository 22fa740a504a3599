"""What a request means once Docker's little languages are parsed (schemas/request.json describes every fact).

In comes a canonical body, query and path of one operation; out come its facts. A fact is present exactly when the
operation can say it. What cannot be read as dockerd reads it is Refused.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from portero.facts import (
    blockio,
    build,
    capabilities,
    commit,
    devices,
    image,
    limits,
    log,
    mounts,
    namespaces,
    networks,
    ports,
    process,
    secrets,
    security,
)
from portero.facts.fields import child, flag, text, texts
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


def of(
    operation_id: str,
    body: JSON,
    query: Mapping[str, tuple[str, ...]],
    path: Mapping[str, str],
    host: HostMoment,
) -> dict[str, JSON]:
    """The facts of one call; {} for an operation that says none."""
    told = _TOLD_BY.get(operation_id)
    if told is None:
        return {}
    if body is not None and not isinstance(body, dict):
        raise Refused("body-wrong-type")
    return told(_Call(body or {}, query, path, host))


def _container_create(call: _Call) -> dict[str, JSON]:
    body, config = call.body, child(call.body, "HostConfig")
    return {
        **_container_isolation(body, call.host),
        **_container_resources(config, "HostConfig.", call.host),
        "limits": limits.of_create(config),
        "image": image.of(text(body, "Image"), "Image"),
        "mounts": [*mounts.of_create(body, call.host)],
        "volumesFrom": [*mounts.volumes_from(body)],
        "devices": devices.of(config, "HostConfig.", call.host),
        "deviceCgroupRules": devices.rules(config, "HostConfig."),
        "deviceRequests": devices.requests(config, "HostConfig."),
        "ports": ports.of_create(config),
        "publishAllPorts": process.flag_of(flag(config, "PublishAllPorts"), "HostConfig.PublishAllPorts"),
        "log": log.of_create(config),
        "healthcheck": process.healthcheck(child(body, "Healthcheck"), "Healthcheck"),
        "secrets": secrets.of_env(texts(body, "Env"), "Env") + secrets.of_map(child(body, "Labels"), "Labels[*]"),
    }


def _container_isolation(body: Fact, host: HostMoment) -> dict[str, JSON]:
    config = child(body, "HostConfig")
    return {
        "privileged": process.flag_of(flag(config, "Privileged"), "HostConfig.Privileged"),
        "capabilities": capabilities.of_create(config),
        **security.of_create(config),
        "namespaces": namespaces.of_create(config),
        "networks": networks.of_create(body, host),
        "readOnlyRootfs": process.flag_of(flag(config, "ReadonlyRootfs"), "HostConfig.ReadonlyRootfs"),
        "user": process.text_of(text(body, "User"), "User"),
        "groups": process.names_of(texts(config, "GroupAdd"), "HostConfig.GroupAdd"),
        "sysctls": process.sysctls(child(config, "Sysctls"), "HostConfig.Sysctls[*]"),
        "runtime": process.text_of(text(config, "Runtime"), "HostConfig.Runtime"),
        "annotations": process.annotations(child(config, "Annotations"), "HostConfig.Annotations[*]"),
        "extraHosts": process.extra_hosts(texts(config, "ExtraHosts"), "HostConfig.ExtraHosts"),
    }


def _container_resources(config: Fact, prefix: str, host: HostMoment) -> dict[str, JSON]:
    """What create and update say alike, the one below HostConfig, the other at the top."""
    return {
        "oomKillDisable": process.flag_of(config.get("OomKillDisable"), f"{prefix}OomKillDisable"),
        "cgroupParent": process.text_of(text(config, "CgroupParent"), f"{prefix}CgroupParent"),
        "ulimits": limits.ulimits(config, f"{prefix}Ulimits"),
        "blockIO": blockio.of(config, prefix, host),
        "restartPolicy": process.restart_of_container(child(config, "RestartPolicy"), f"{prefix}RestartPolicy"),
    }


def _container_update(call: _Call) -> dict[str, JSON]:
    # dockerd ignores Devices here (measured on 26.1.5); who says them means something by it all the same.
    return {
        **_container_resources(call.body, "", call.host),
        "limits": limits.of_update(call.body),
        "devices": devices.of(call.body, "", call.host),
        "deviceCgroupRules": devices.rules(call.body, ""),
        "deviceRequests": devices.requests(call.body, ""),
    }


def _container_exec(call: _Call) -> dict[str, JSON]:
    return {
        "privileged": process.flag_of(flag(call.body, "Privileged"), "Privileged"),
        "user": process.text_of(text(call.body, "User"), "User"),
        "secrets": secrets.of_env(texts(call.body, "Env"), "Env"),
    }


def _service(call: _Call) -> dict[str, JSON]:
    body, task = call.body, child(call.body, "TaskTemplate")
    spec = child(task, "ContainerSpec")
    return {
        "capabilities": capabilities.of_service(spec),
        **security.of_service(spec),
        "networks": networks.of_service(body, call.host),
        "mounts": [*mounts.of_service(body, call.host)],
        "sysctls": process.sysctls(child(spec, "Sysctls"), f"{_SPEC}.Sysctls[*]"),
        "runtime": process.text_of(text(task, "Runtime"), "TaskTemplate.Runtime"),
        "groups": process.names_of(texts(spec, "Groups"), f"{_SPEC}.Groups"),
        "user": process.text_of(text(spec, "User"), f"{_SPEC}.User"),
        "limits": limits.of_service(task),
        "ulimits": limits.ulimits(spec, f"{_SPEC}.Ulimits"),
        "readOnlyRootfs": process.flag_of(flag(spec, "ReadOnly"), f"{_SPEC}.ReadOnly"),
        "image": image.of(text(spec, "Image"), f"{_SPEC}.Image"),
        "ports": ports.of_service(child(body, "EndpointSpec")),
        "log": log.of_service(task),
        "restartPolicy": process.restart_of_service(child(task, "RestartPolicy"), "TaskTemplate.RestartPolicy"),
        "healthcheck": process.healthcheck(child(spec, "Healthcheck"), f"{_SPEC}.Healthcheck"),
        "extraHosts": process.hosts_of_service(texts(spec, "Hosts"), f"{_SPEC}.Hosts"),
        "secrets": secrets.of_env(texts(spec, "Env"), f"{_SPEC}.Env")
        + secrets.of_map(child(spec, "Labels"), f"{_SPEC}.Labels[*]")
        + secrets.of_map(child(body, "Labels"), "Labels[*]"),
    }


_TOLD_BY: Mapping[str, Callable[[_Call], dict[str, JSON]]] = {
    "ContainerCreate": _container_create,
    "ContainerUpdate": _container_update,
    "ContainerExec": _container_exec,
    "ServiceCreate": _service,
    "ServiceUpdate": _service,
    "VolumeCreate": lambda call: {"mounts": [*mounts.of_volume(call.body, call.host)]},
    "NetworkCreate": lambda call: {"network": networks.created(call.body)},
    "NetworkConnect": lambda call: {"networks": networks.of_connect(call.path, call.body, call.host)},
    "ImageBuild": lambda call: build.of(call.query, call.host),
    "ImageCommit": lambda call: commit.of(call.body, call.query),
    "ImageCreate": lambda call: image.of_pull(call.query),
}
