"""The facts of calls that make or change a service of a swarm."""

from portero.facts import (
    capabilities,
    groups,
    image,
    limits,
    log,
    mounts,
    networks,
    plugins,
    ports,
    process,
    secrets,
    security,
    tasks,
    working_directory,
)
from portero.facts.fields import child, flag, objects, text, texts
from portero.host.view import HostMoment
from portero.types import JSON, Fact

_SPEC = "TaskTemplate.ContainerSpec"


def read(body: Fact, host: HostMoment) -> dict[str, JSON]:
    """Of ServiceCreate and ServiceUpdate."""
    task = child(body, "TaskTemplate")
    spec = child(task, "ContainerSpec")
    return {
        "capabilities": capabilities.read_service(spec),
        "tasks": tasks.read_counts(body),
        **security.read_service(spec),
        "networks": networks.read_service(body, host),
        "mounts": [*mounts.read_service(body, host)],
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
