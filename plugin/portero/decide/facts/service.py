"""The facts of calls that make or change a service of a swarm."""

from collections.abc import Mapping, Sequence

from portero.decide.facts import (
    image,
    limits,
    log_driver,
    mount_sizes,
    mounts,
    networks,
    plugins,
    ports,
    process,
    secret_names,
    security,
    templates,
)
from portero.decide.interfaces.host import HostMoment
from portero.decide.values.json_fields import JSON, Fact, child, flag, integer, objects, text, texts

_SPEC = "TaskTemplate.ContainerSpec"
_TEXTS = ("Labels", "Env", "Command", "Args")
_COUNTS: Mapping[str, Sequence[str]] = {
    "Replicated": ("Replicas",),
    "ReplicatedJob": ("MaxConcurrent", "TotalCompletions"),
}


def read_service(body: Fact, host: HostMoment) -> dict[str, JSON]:
    """Of ServiceCreate and ServiceUpdate."""
    task = child(body, "TaskTemplate")
    spec = child(task, "ContainerSpec")
    return {
        "tasks": read_task_counts(body),
        **security.read_service(spec),
        "networks": networks.read_service(body, host),
        "mounts": [*mounts.read_service(body, host)],
        **mount_sizes.measure_service(body),
        "mountedImages": [*mounts.read_images(objects(spec, "Mounts"), f"{_SPEC}.Mounts")],
        "plugins": plugins.read_service(body),
        "sysctls": process.read_sysctls(child(spec, "Sysctls"), f"{_SPEC}.Sysctls[*]")
        + networks.read_endpoint_sysctls(body),
        "runtime": process.make_value(text(task, "Runtime"), "TaskTemplate.Runtime"),
        "groups": process.read_groups(texts(spec, "Groups"), f"{_SPEC}.Groups")
        + process.read_primary(text(spec, "User"), f"{_SPEC}.User"),
        "user": process.make_value(text(spec, "User"), f"{_SPEC}.User"),
        "account": process.make_value(host.find_account(text(spec, "User")), f"{_SPEC}.User"),
        "workingDirectory": process.read_working_directory(spec, "Dir", f"{_SPEC}.Dir"),
        "limits": limits.read_service(task),
        "labelsSize": process.measure_texts(
            [("Labels", body.get("Labels")), *((f"{_SPEC}.{name}", spec.get(name)) for name in _TEXTS)]
        ),
        "ulimits": limits.read_ulimits(spec, f"{_SPEC}.Ulimits"),
        "readOnlyRootfs": process.make_value(flag(spec, "ReadOnly"), f"{_SPEC}.ReadOnly"),
        "image": image.parse_reference(text(spec, "Image"), f"{_SPEC}.Image"),
        "ports": ports.read_service(child(body, "EndpointSpec")),
        "publishedPorts": process.make_value(len(objects(child(body, "EndpointSpec"), "Ports")), "EndpointSpec.Ports"),
        "stopTimeout": process.read_grace_period(spec, f"{_SPEC}.StopGracePeriod"),
        "log": log_driver.read_service(task),
        "growingTemplates": templates.read_service(task),
        "restartPolicy": process.read_service_restart(child(task, "RestartPolicy"), "TaskTemplate.RestartPolicy"),
        "init": process.make_value(spec.get("Init"), f"{_SPEC}.Init"),
        "labels": process.make_value(bool(body.get("Labels")), "Labels"),
        **process.read_healthcheck(child(spec, "Healthcheck"), f"{_SPEC}.Healthcheck"),
        "extraHosts": process.read_service_hosts(texts(spec, "Hosts"), f"{_SPEC}.Hosts"),
        "secrets": secret_names.find_in_env(texts(spec, "Env"), f"{_SPEC}.Env")
        + secret_names.find_in_map(child(spec, "Labels"), f"{_SPEC}.Labels[*]")
        + secret_names.find_in_map(child(body, "Labels"), "Labels[*]"),
    }


def read_task_counts(body: Fact) -> list[JSON]:
    """How many tasks its Mode asks for; an absent count is Docker's default, 1.

    dockerd makes an object for each at once, whether or not a node can run it: 100,000 of them take it from 130 MB to
    1.2 GB within nine seconds (measured on 26.1).
    """
    mode = child(body, "Mode")
    return [
        {"value": count, "at": f"Mode.{name}.{field}"}
        for name, fields in _COUNTS.items()
        for field in fields
        if (count := integer(child(mode, name), field)) is not None
    ]
