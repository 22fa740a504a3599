"""The facts of a call, by its operation, body, query and path: one is there exactly when the operation has it."""

from collections.abc import Callable, Mapping

from portero.decide.facts import (
    addresses,
    build,
    container,
    devices,
    image,
    log_driver,
    mounts,
    networks,
    plugins,
    process,
    ps_arguments,
    service,
    templates,
)
from portero.decide.interfaces.host import HostMoment
from portero.decide.reading.uri import find_first
from portero.decide.values.dataclass import dataclass
from portero.decide.values.json_fields import JSON, Fact, child
from portero.decide.values.refusals import Refused


@dataclass(frozen=True, slots=True)
class _FactSource:
    body: Fact
    query: Mapping[str, tuple[str, ...]]
    path: Mapping[str, str]
    host: HostMoment


def collect_facts(
    operation_id: str, body: JSON, query: Mapping[str, tuple[str, ...]], path: Mapping[str, str], host: HostMoment
) -> dict[str, JSON]:
    """The facts of one call; {} for an operation that has none."""
    read = _READERS.get(operation_id)
    if read is None:
        return {}
    if body is not None and not isinstance(body, dict):
        raise Refused("body-wrong-type")
    return read(_FactSource(body or {}, query, path, host))


def has_facts(operation_id: str) -> bool:
    return operation_id in _READERS


def _read_image_create(call: _FactSource) -> dict[str, JSON]:
    pulled = image.read_pull(call.query)
    imported = {"downloads": addresses.read_import(call.query)}
    named = {} if pulled else image.read_new_name(call.query) | devices.read_built("?fromSrc", call.host)
    return pulled | imported | named | build.read_builder_pull(pulled.get("image"), call.host)


def _read_swarm(spec: Fact, prefix: str) -> dict[str, JSON]:
    return {
        # The log driver of services, which dockerd drops (docker-facts 7.28).
        "plugins": [*plugins.list_named(spec, prefix, log="TaskDefaults.LogDriver.Name")],
        "log": log_driver.read_swarm(spec, prefix),
        "growingTemplates": templates.read_swarm(spec, prefix),
    }


_READERS: Mapping[str, Callable[[_FactSource], dict[str, JSON]]] = {
    "ContainerCreate": lambda call: container.read_create(call.body, call.host),
    "ContainerUpdate": lambda call: container.read_update(call.body, call.host),
    "ContainerExec": lambda call: container.read_exec(call.body, call.host),
    "ServiceCreate": lambda call: service.read_service(call.body, call.host),
    "ServiceUpdate": lambda call: service.read_service(call.body, call.host),
    "VolumeCreate": lambda call: {
        "mounts": [*mounts.read_volume(call.body, call.host)],
        "plugins": [*plugins.list_named(call.body, volume="Driver")],  # of a cluster volume too: swarm looks it up
        "labelsSize": process.measure_texts((at, call.body.get(at)) for at in ("Labels", "DriverOpts")),
    },
    "NetworkCreate": lambda call: {
        "network": networks.read_created(call.body, call.host),
        "plugins": [*plugins.list_named(call.body, network="Driver", ipam="IPAM.Driver")],
        "labelsSize": process.measure_texts(
            [
                *((at, call.body.get(at)) for at in ("Labels", "Name", "Options")),
                ("IPAM", [*process.list_texts(call.body.get("IPAM"))]),
            ]
        ),
    },
    "NetworkConnect": lambda call: {
        "networks": networks.read_connect(call.path, call.body, call.host),
        "sysctls": networks.read_endpoint_sysctls(call.body),
    },
    "NetworkDelete": lambda call: {"networks": networks.read_delete(call.path, call.host)},
    "ImageBuild": lambda call: build.read_query(call.query, call.host),
    "ImageCommit": lambda call: (
        container.read_config(call.body, call.query)
        | image.read_new_name(call.query)
        | devices.read_built("?container", call.host, commits=True)
    ),
    "ContainerArchive": lambda call: devices.read_copied("ContainerArchive", call.path, call.host),
    "PutContainerArchive": lambda call: devices.read_copied("PutContainerArchive", call.path, call.host),
    "ContainerExport": lambda call: devices.read_copied("ContainerExport", call.path, call.host),
    "ImageCreate": _read_image_create,
    "ImageLoad": lambda call: devices.read_built("operation", call.host),
    "ContainerTop": lambda call: {"processList": ps_arguments.read_top(call.query)},
    "ContainerInspect": lambda call: build.read_builder_inspect(call.path, call.host),
    "Grpc": lambda call: build.read_connection(call.host),
    "Session": lambda call: build.read_connection(call.host),
    **dict.fromkeys(
        ("SecretCreate", "SecretUpdate", "ConfigCreate", "ConfigUpdate"),
        lambda call: {
            "plugins": [*plugins.list_named(call.body, secret="Driver.Name", templating="Templating.Name")],  # noqa: S106
            "growingTemplates": templates.read_secret(call.body),
        },
    ),
    "ImagePush": lambda call: image.read_push(call.path, call.query),
    "ImageTag": lambda call: image.read_tag(call.path, call.query),
    "ImageSearch": lambda call: image.read_search(call.query),
    "GetPluginPrivileges": lambda call: image.read_asked(find_first(call.query, "remote"), "?remote"),
    "DistributionInspect": lambda call: image.read_asked(call.path.get("name", ""), "path.name"),
    "SwarmInit": lambda call: _read_swarm(child(call.body, "Spec"), "Spec."),
    "SwarmUpdate": lambda call: _read_swarm(call.body, ""),
}
