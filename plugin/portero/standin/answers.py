"""The stand-in's answers: an HTTP request comes in, is judged by the plugin, and is answered by its operation."""

import json
import time
from collections.abc import Callable, Mapping
from types import MappingProxyType

from portero.reading import uri
from portero.reading.routes import Match, Routes
from portero.refusals import Refused
from portero.standin import (
    containers,
    exec_and_files,
    images,
    inspection,
    networks_and_volumes,
    secrets_and_configs,
    swarm,
    system,
)
from portero.standin.envelopes import ClientRequest
from portero.standin.messages import Answer, Call, Object, failure
from portero.standin.objects import State
from portero.values.json_fields import to_object
from portero.values.json_types import JSON

# Asks the plugin: None allows a request, a text is the reason to refuse it.
AskPlugin = Callable[[ClientRequest], str | None]

_HANDLERS: Mapping[str, Callable[[State, Call], Answer]] = MappingProxyType(
    {
        "ContainerCreate": containers.create,
        "ContainerStart": containers.start,
        "ContainerAttach": containers.attach,
        "ContainerWait": containers.wait,
        "ContainerStop": containers.change,
        "ContainerKill": containers.change,
        "ContainerRestart": containers.change,
        "ContainerPause": containers.change,
        "ContainerUnpause": containers.change,
        "ContainerDelete": containers.delete,
        "ContainerRename": containers.rename,
        "ContainerUpdate": containers.update,
        "ContainerInspect": inspection.inspect,
        "ContainerList": inspection.list_containers,
        "ContainerExec": exec_and_files.execute,
        "ExecStart": exec_and_files.start_exec,
        "ExecInspect": exec_and_files.inspect_exec,
        "ContainerTop": exec_and_files.top,
        "ContainerLogs": exec_and_files.logs,
        "ServiceLogs": exec_and_files.logs,
        "TaskLogs": exec_and_files.logs,
        "ContainerStats": exec_and_files.stats,
        "ContainerArchiveInfo": exec_and_files.archive_info,
        "ContainerArchive": exec_and_files.nothing_inside,
        "ContainerExport": exec_and_files.nothing_inside,
        "ImageGet": exec_and_files.nothing_inside,
        "ImageGetAll": exec_and_files.nothing_inside,
        "ImageInspect": images.inspect,
        "ImageCreate": images.pull,
        "PluginPull": images.pull_plugin,
        "PluginUpgrade": images.pull_plugin,
        "ImagePush": images.push,
        "PluginPush": images.push,
        "ImageLoad": images.load,
        "ImageBuild": images.build,
        "ImageCommit": images.commit,
        "ImageTag": images.tag,
        "ImageDelete": images.delete,
        "DistributionInspect": images.distribution,
        "SystemAuth": images.login,
        "NetworkCreate": networks_and_volumes.create,
        "NetworkInspect": networks_and_volumes.inspect,
        "NetworkList": networks_and_volumes.list_networks,
        "NetworkListSlash": networks_and_volumes.list_networks,
        "NetworkDelete": networks_and_volumes.delete,
        "VolumeCreate": networks_and_volumes.create_volume,
        "VolumeInspect": networks_and_volumes.inspect_volume,
        "VolumeList": networks_and_volumes.list_volumes,
        "VolumeDelete": networks_and_volumes.delete_volume,
        "SwarmInspect": swarm.swarm,
        "SwarmInit": swarm.initialise,
        "SwarmUnlockkey": swarm.unlock_key,
        "NodeList": swarm.nodes,
        "NodeInspect": swarm.node,
        "ServiceCreate": swarm.create_service,
        "ServiceUpdate": swarm.update_service,
        "ServiceInspect": swarm.inspect_service,
        "ServiceList": swarm.list_services,
        "ServiceDelete": swarm.delete_service,
        "TaskList": swarm.tasks,
        "SecretCreate": secrets_and_configs.create_secret,
        "SecretList": secrets_and_configs.list_secrets,
        "SecretInspect": secrets_and_configs.inspect_secret,
        "ConfigCreate": secrets_and_configs.create_config,
        "ConfigList": secrets_and_configs.list_configs,
        "ConfigInspect": secrets_and_configs.inspect_config,
        "SystemPing": system.ping,
        "SystemPingHead": system.ping,
        "SystemVersion": system.version,
        "SystemInfo": system.info,
        "SystemDataUsage": system.disk_usage,
        "SystemEvents": system.events,
        "PluginInspect": system.plugin,
        "Grpc": system.upgrade,
        "Session": system.upgrade,
    }
)

# What always gets the same answer, as long as nothing is there to be listed, removed or changed.
_FIXED: Mapping[str, tuple[int, JSON]] = MappingProxyType(
    {
        "ImageList": (200, []),
        "ImageSearch": (200, []),
        "ImageHistory": (200, []),
        "ImagePrune": (200, {"ImagesDeleted": [], "SpaceReclaimed": 0}),
        "ContainerPrune": (200, {"ContainersDeleted": [], "SpaceReclaimed": 0}),
        "VolumePrune": (200, {"VolumesDeleted": [], "SpaceReclaimed": 0}),
        "NetworkPrune": (200, {"NetworksDeleted": []}),
        "BuildPrune": (200, {"CachesDeleted": [], "SpaceReclaimed": 0}),
        "ContainerChanges": (200, []),
        "CheckpointList": (200, []),
        "CheckpointCreate": (201, None),
        "PluginList": (200, []),
        "GetPluginPrivileges": (200, []),
        "PluginCreate": (204, None),
        "PluginSet": (204, None),
    }
)


class StandInDaemon:
    """Answers requests that the plugin allows. `state`: what clients believe to have made."""

    def __init__(self, routes: Routes, ask_plugin: AskPlugin) -> None:
        self.state = State()
        self._routes = routes
        self._ask_plugin = ask_plugin

    def answer(self, asked: ClientRequest) -> Answer:
        """What dockerd would answer, or nearly so."""
        self.state.last_call = time.monotonic()
        if asked.is_too_large:
            return failure(500, "request body too large for authorization plugin")
        refusal = self._ask_plugin(asked)
        if refusal is not None:
            return failure(403, f"authorization denied by plugin portero: {refusal}")
        try:
            call = self._call(asked)
            with self.state.lock:
                return self._handled(call)
        except (Refused, ValueError) as error:
            return failure(400, f"the stand-in for dockerd cannot read this: {error}")

    def _call(self, asked: ClientRequest) -> Call:
        aim = uri.parse_target(asked.target)
        match: Match = self._routes.match(asked.method, aim.path)
        client = asked.header("user-agent")
        return Call(match.operation.id, match.path, aim.query, _body(asked), client)

    def _handled(self, call: Call) -> Answer:
        handler = _HANDLERS.get(call.operation)
        if handler is not None:
            return handler(self.state, call)
        if call.operation == "Unknown":
            return failure(404, "page not found")
        return Answer(*_FIXED.get(call.operation, (200, {})))


def _body(asked: ClientRequest) -> Object:
    if not asked.shows_json or not asked.body:
        return {}
    return to_object(json.loads(asked.body))
