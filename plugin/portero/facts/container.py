"""The facts of calls that make, change or enter a container."""

from portero.facts import (
    blockio,
    capabilities,
    devices,
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
    working_directory,
)
from portero.facts.fields import child, flag, integer, objects, text, texts
from portero.facts.parts import FactCall, FactPart, read_parts
from portero.types import JSON, Fact


def _read_rights(call: FactCall) -> dict[str, JSON]:
    config = child(call.body, "HostConfig")
    return {
        "privileged": process.make_value(flag(config, "Privileged"), "HostConfig.Privileged"),
        "capabilities": capabilities.read_create(config),
        **security.read_create(config),
        "maskedPathsNewer": masked_paths.read_create(config, call.host),
        "namespaces": namespaces.read_create(config),
    }


def _read_process(call: FactCall) -> dict[str, JSON]:
    body, config = call.body, child(call.body, "HostConfig")
    return {
        "networks": networks.read_create(body, call.host),
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


def _read_resources(config: Fact, prefix: str) -> dict[str, JSON]:
    """What create and update share: below HostConfig of the one, at the top of the other."""
    return {
        "oomKillDisable": process.make_value(config.get("OomKillDisable"), f"{prefix}OomKillDisable"),
        "cgroupParent": process.make_value(text(config, "CgroupParent"), f"{prefix}CgroupParent"),
        "ulimits": limits.read_ulimits(config, f"{prefix}Ulimits"),
        "restartPolicy": process.read_container_restart(child(config, "RestartPolicy"), f"{prefix}RestartPolicy"),
    }


def _read_limits(call: FactCall) -> dict[str, JSON]:
    config = child(call.body, "HostConfig")
    return {
        **_read_resources(config, "HostConfig."),
        "limits": limits.read_create(config),
        "blockIO": blockio.read_limits(config, "HostConfig.", call.host),
    }


def _read_content(call: FactCall) -> dict[str, JSON]:
    body, config = call.body, child(call.body, "HostConfig")
    return {
        "image": image.parse(text(body, "Image"), "Image"),
        "mounts": [*mounts.read_create(body, call.host)],
        "mountedImages": [*mounts.read_images(objects(config, "Mounts"), "HostConfig.Mounts")],
        "volumesFrom": [*mounts.read_volumes_from(body)],
    }


def _read_others(call: FactCall) -> dict[str, JSON]:
    body, config = call.body, child(call.body, "HostConfig")
    return {
        "plugins": plugins.read_create(body),
        "devices": devices.read_devices(config, "HostConfig.", call.host),
        "deviceCgroupRules": devices.read_rules(config, "HostConfig."),
        "deviceRequests": devices.read_requests(config, "HostConfig."),
        "ports": ports.read_create(config),
        "publishedPorts": ports.count_create(body),
        "stopTimeout": process.make_value(integer(body, "StopTimeout"), "StopTimeout"),
        "publishAllPorts": process.make_value(flag(config, "PublishAllPorts"), "HostConfig.PublishAllPorts"),
        "log": log.read_create(config),
        "healthcheck": process.read_healthcheck(child(body, "Healthcheck"), "Healthcheck"),
    }


def _read_secrets(call: FactCall) -> dict[str, JSON]:
    return {
        "secrets": secrets.find_in_env(texts(call.body, "Env"), "Env")
        + secrets.find_in_map(child(call.body, "Labels"), "Labels[*]"),
    }


CREATE = (
    FactPart.of(
        _read_rights,
        "privileged capabilities seccomp apparmor selinux noNewPrivileges securityOptionsUnknown maskedPaths"
        " readonlyPaths maskedPathsNewer namespaces",
        {
            "HostConfig": "Privileged CapAdd CapDrop SecurityOpt MaskedPaths ReadonlyPaths PidMode IpcMode UTSMode"
            " UsernsMode CgroupnsMode NetworkMode",
        },
    ),
    FactPart.of(
        _read_process,
        "networks readOnlyRootfs user workingDirectory groups sysctls runtime annotations extraHosts",
        {
            "": "User WorkingDir Domainname NetworkingConfig EndpointConfig Networks",
            "HostConfig": "NetworkMode ReadonlyRootfs GroupAdd Sysctls Runtime Annotations ExtraHosts",
            "TaskTemplate": "Networks",
        },
    ),
    FactPart.of(
        _read_limits,
        "oomKillDisable cgroupParent ulimits restartPolicy limits blockIO",
        {
            "HostConfig": "OomKillDisable CgroupParent Ulimits RestartPolicy Memory MemoryReservation MemorySwap"
            " MemorySwappiness KernelMemory NanoCpus CpuPeriod CpuQuota CpuShares PidsLimit ShmSize OomScoreAdj"
            " BlkioWeight BlkioWeightDevice BlkioDeviceReadBps BlkioDeviceReadIOps BlkioDeviceWriteBps"
            " BlkioDeviceWriteIOps",
        },
    ),
    FactPart.of(
        _read_content,
        "image mounts mountedImages volumesFrom",
        {"": "Image Volumes", "HostConfig": "VolumeDriver Binds Mounts Tmpfs VolumesFrom"},
    ),
    FactPart.of(
        _read_others,
        "plugins devices deviceCgroupRules deviceRequests ports publishedPorts stopTimeout publishAllPorts log"
        " healthcheck",
        {
            "": "StopTimeout Healthcheck ExposedPorts",
            "HostConfig": "VolumeDriver Mounts LogConfig Devices DeviceCgroupRules DeviceRequests PortBindings"
            " PublishAllPorts",
        },
    ),
    FactPart.of(_read_secrets, "secrets", {"": "Env Labels"}),
)


def read_create(call: FactCall) -> dict[str, JSON]:
    """Of ContainerCreate."""
    return read_parts(CREATE, call)


def read_update(call: FactCall) -> dict[str, JSON]:
    """Of ContainerUpdate."""
    # dockerd ignores Devices here (measured on 26.1.5). A request that has them is judged by them all the same.
    return {
        **_read_resources(call.body, ""),
        "limits": limits.read_update(call.body),
        "blockIO": blockio.read_update(call.body, call.host),
        "devices": devices.read_devices(call.body, "", call.host),
        "deviceCgroupRules": devices.read_rules(call.body, ""),
        "deviceRequests": devices.read_requests(call.body, ""),
    }


def read_exec(call: FactCall) -> dict[str, JSON]:
    """Of ContainerExec."""
    return {
        "privileged": process.make_value(flag(call.body, "Privileged"), "Privileged"),
        "user": process.make_value(text(call.body, "User"), "User"),
        "workingDirectory": working_directory.read_working_directory(call.body, "WorkingDir", "WorkingDir"),
        "groups": groups.read_primary(text(call.body, "User"), "User"),
        "secrets": secrets.find_in_env(texts(call.body, "Env"), "Env"),
    }
