"""The facts of calls that make, change or enter a container."""

from portero.decide.facts import (
    devices,
    image,
    limits,
    log_driver,
    mount_sizes,
    mounts,
    namespaces,
    networks,
    plugins,
    ports,
    process,
    secret_names,
    security,
    templates,
)
from portero.decide.interfaces.host import HostMoment
from portero.decide.values.json_fields import child, flag, integer, objects, text, texts
from portero.decide.values.json_types import JSON, Fact

# dockerd keeps all of an exec while its container runs.
_EXEC_TEXTS = ("Env", "Cmd", "User", "WorkingDir", "DetachKeys")


def read_create(body: Fact, host: HostMoment) -> dict[str, JSON]:
    """Of ContainerCreate."""
    config = child(body, "HostConfig")
    return {
        "privileged": process.make_value(flag(config, "Privileged"), "HostConfig.Privileged"),
        **security.read_create(config),
        "maskedPathsNewer": security.read_newer_masks(config, host),
        "namespaces": namespaces.read_create(config),
        "networks": networks.read_create(body, host),
        "readOnlyRootfs": process.make_value(flag(config, "ReadonlyRootfs"), "HostConfig.ReadonlyRootfs"),
        "user": process.make_value(text(body, "User"), "User"),
        "account": process.make_value(host.find_account(text(body, "User")), "User"),
        "workingDirectory": process.read_working_directory(body, "WorkingDir", "WorkingDir"),
        "groups": process.read_groups(texts(config, "GroupAdd"), "HostConfig.GroupAdd")
        + process.read_primary(text(body, "User"), "User"),
        "sysctls": process.read_sysctls(child(config, "Sysctls"), "HostConfig.Sysctls[*]")
        + process.read_domain_name(text(body, "Domainname"), "Domainname")
        + networks.read_endpoint_sysctls(body),
        "runtime": process.make_value(text(config, "Runtime"), "HostConfig.Runtime"),
        "annotations": process.read_annotations(child(config, "Annotations"), "HostConfig.Annotations[*]"),
        "extraHosts": process.read_extra_hosts(texts(config, "ExtraHosts"), "HostConfig.ExtraHosts"),
        **_read_resources(config, "HostConfig."),
        "limits": limits.read_create(config),
        "labelsSize": process.measure_texts((at, body.get(at)) for at in ("Labels", "Env", "Cmd", "Entrypoint")),
        "blockIO": devices.read_block_io(config, "HostConfig.", host),
        "image": image.parse_reference(text(body, "Image"), "Image"),
        "mounts": [*mounts.read_create(body, host)],
        **mount_sizes.measure_create(body),
        "mountedImages": [*mounts.read_images(objects(config, "Mounts"), "HostConfig.Mounts")],
        "volumesFrom": [*mounts.read_volumes_from(body)],
        "plugins": plugins.read_create(body),
        "devices": devices.read_devices(config, "HostConfig.", host),
        "deviceCgroupRules": devices.read_rules(config, "HostConfig."),
        "deviceRequests": devices.read_requests(config, "HostConfig."),
        "ports": ports.read_create(config),
        "publishedPorts": ports.count_create(body),
        "stopTimeout": process.make_value(integer(body, "StopTimeout"), "StopTimeout"),
        "publishAllPorts": process.make_value(flag(config, "PublishAllPorts"), "HostConfig.PublishAllPorts"),
        "log": log_driver.read_create(config),
        "growingTemplates": templates.read_create(config),
        "healthcheck": process.read_healthcheck(child(body, "Healthcheck"), "Healthcheck"),
        "healthcheckSize": process.measure_texts([("Healthcheck.Test", child(body, "Healthcheck").get("Test"))]),
        "secrets": secret_names.find_in_env(texts(body, "Env"), "Env")
        + secret_names.find_in_map(child(body, "Labels"), "Labels[*]"),
    }


def read_update(body: Fact, host: HostMoment) -> dict[str, JSON]:
    """Of ContainerUpdate."""
    # dockerd ignores Devices here (measured on 26.1.5). A request that has them is judged by them all the same.
    return {
        **_read_resources(body, ""),
        "limits": limits.read_update(body),
        "blockIO": devices.read_block_io_update(body, host),
        "devices": devices.read_devices(body, "", host),
        "deviceCgroupRules": devices.read_rules(body, ""),
        "deviceRequests": devices.read_requests(body, ""),
    }


def read_exec(body: Fact, host: HostMoment) -> dict[str, JSON]:
    """Of ContainerExec."""
    return {
        "privileged": process.make_value(flag(body, "Privileged"), "Privileged"),
        "user": process.make_value(text(body, "User"), "User"),
        "account": process.make_value(host.find_account(text(body, "User")), "User"),
        "workingDirectory": process.read_working_directory(body, "WorkingDir", "WorkingDir"),
        "groups": process.read_primary(text(body, "User"), "User"),
        "labelsSize": process.measure_texts((at, body.get(at)) for at in _EXEC_TEXTS),
        "secrets": secret_names.find_in_env(texts(body, "Env"), "Env"),
    }


def _read_resources(config: Fact, prefix: str) -> dict[str, JSON]:
    """What create and update share: below HostConfig of the one, at the top of the other."""
    return {
        "oomKillDisable": process.make_value(config.get("OomKillDisable"), f"{prefix}OomKillDisable"),
        "cgroupParent": process.make_value(text(config, "CgroupParent"), f"{prefix}CgroupParent"),
        "ulimits": limits.read_ulimits(config, f"{prefix}Ulimits"),
        "restartPolicy": process.read_container_restart(child(config, "RestartPolicy"), f"{prefix}RestartPolicy"),
    }
