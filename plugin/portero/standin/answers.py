"""The stand-in's answers: an HTTP request comes in, is judged by the plugin, and is answered by its operation."""

import json
import time
from collections.abc import Callable, Mapping
from types import MappingProxyType

from portero.reading import uri
from portero.reading.routes import Routes
from portero.refusals import Refused
from portero.standin import assumed_images, containers, inspection, networks_and_volumes, swarm, system
from portero.standin.envelopes import ClientRequest
from portero.standin.messages import Answer, Call, failure, stream_documents
from portero.standin.objects import State
from portero.values.json_fields import to_object

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
        "ContainerInspect": inspection.inspect,
        "ContainerList": inspection.list_containers,
        "ContainerExec": containers.execute,
        "ExecStart": containers.start_exec,
        "ExecInspect": containers.inspect_exec,
        "ContainerStats": containers.stats,
        "ContainerArchiveInfo": containers.archive_info,
        "ImageInspect": assumed_images.inspect,
        "ImageCreate": assumed_images.pull,
        "PluginPull": assumed_images.pull_plugin,
        "PluginUpgrade": assumed_images.pull_plugin,
        "ImagePush": assumed_images.push,
        "PluginPush": assumed_images.push,
        "ImageBuild": assumed_images.build,
        "ImageCommit": assumed_images.commit,
        "ImageDelete": assumed_images.delete,
        "DistributionInspect": assumed_images.distribution,
        "NetworkCreate": networks_and_volumes.create,
        "NetworkInspect": networks_and_volumes.inspect,
        "NetworkList": networks_and_volumes.list_networks,
        "NetworkListSlash": networks_and_volumes.list_networks,
        "NetworkDelete": networks_and_volumes.delete,
        "VolumeCreate": networks_and_volumes.create_volume,
        "VolumeInspect": networks_and_volumes.inspect_volume,
        "VolumeList": networks_and_volumes.list_volumes,
        "VolumeDelete": networks_and_volumes.delete_volume,
        "ServiceCreate": swarm.create_service,
        "ServiceUpdate": swarm.update_service,
        "ServiceInspect": swarm.inspect_service,
        "ServiceList": swarm.list_services,
        "ServiceDelete": swarm.delete_service,
        "TaskList": swarm.tasks,
        "SecretCreate": swarm.create,
        "SecretList": swarm.list_objects,
        "SecretInspect": swarm.inspect,
        "ConfigCreate": swarm.create,
        "ConfigList": swarm.list_objects,
        "ConfigInspect": swarm.inspect,
        "SystemInfo": system.info,
        "SystemEvents": system.events,
        "PluginInspect": system.plugin,
    }
)

_NO_FILES = failure(404, "the stand-in for dockerd has no files to give")
_NO_LOGS = Answer(stream=())
# The answers that are always the same, as long as nothing is there to be listed, removed or changed.
_FIXED: Mapping[str, Answer] = MappingProxyType(
    {
        "SystemPing": system.PING,
        "SystemPingHead": system.PING,
        "SystemVersion": Answer(body=system.VERSION),
        "SystemDataUsage": Answer(
            body={"LayersSize": 0, "Images": [], "Containers": [], "Volumes": [], "BuildCache": []}
        ),
        # A client would write the credentials into the user's configuration.
        "SystemAuth": failure(401, "the stand-in for dockerd does not log in"),
        "Grpc": system.UPGRADE,
        "Session": system.UPGRADE,
        "SwarmInspect": Answer(body=swarm.SWARM),
        "SwarmInit": Answer(body=swarm.NODE_ID),
        "SwarmUnlockkey": Answer(body={"UnlockKey": ""}),
        "NodeList": Answer(body=[swarm.NODE]),
        "NodeInspect": Answer(body=swarm.NODE),
        "ImageList": Answer(body=[]),
        "ImageSearch": Answer(body=[]),
        "ImageHistory": Answer(body=[]),
        "ImageLoad": stream_documents({"stream": "Loaded image: standin:latest\n"}),
        "ImageTag": Answer(201),
        "ImagePrune": Answer(body={"ImagesDeleted": [], "SpaceReclaimed": 0}),
        "ContainerPrune": Answer(body={"ContainersDeleted": [], "SpaceReclaimed": 0}),
        "VolumePrune": Answer(body={"VolumesDeleted": [], "SpaceReclaimed": 0}),
        "NetworkPrune": Answer(body={"NetworksDeleted": []}),
        "BuildPrune": Answer(body={"CachesDeleted": [], "SpaceReclaimed": 0}),
        "ContainerUpdate": Answer(body={"Warnings": []}),
        "ContainerTop": Answer(body={"Titles": ["PID", "COMMAND"], "Processes": [["1", "standin"]]}),
        "ContainerLogs": _NO_LOGS,
        "ServiceLogs": _NO_LOGS,
        "TaskLogs": _NO_LOGS,
        # A client would write these to the user's disk.
        "ContainerArchive": _NO_FILES,
        "ContainerExport": _NO_FILES,
        "ImageGet": _NO_FILES,
        "ImageGetAll": _NO_FILES,
        "ContainerChanges": Answer(body=[]),
        "CheckpointList": Answer(body=[]),
        "CheckpointCreate": Answer(201),
        "PluginList": Answer(body=[]),
        "GetPluginPrivileges": Answer(body=[]),
        "PluginCreate": Answer(204),
        "PluginSet": Answer(204),
        "Unknown": failure(404, "page not found"),
    }
)


class StandInDaemon:
    """Answers requests that the plugin allows. `state`: what clients believe to have made."""

    def __init__(self, routes: Routes, ask_plugin: AskPlugin) -> None:
        self.state = State()
        self._routes = routes
        self._ask_plugin = ask_plugin

    def answer(self, request: ClientRequest) -> Answer:
        """What dockerd would answer, or nearly so."""
        self.state.last_call = time.monotonic()
        if request.is_too_large:
            return failure(500, "request body too large for authorization plugin")
        refusal = self._ask_plugin(request)
        if refusal is not None:
            return failure(403, f"authorization denied by plugin portero: {refusal}")
        try:
            call = self._call(request)
            with self.state.lock:
                return self._handle(call)
        except (Refused, ValueError) as error:
            return failure(400, f"the stand-in for dockerd cannot read this: {error}")

    def _call(self, request: ClientRequest) -> Call:
        aim = uri.parse_target(request.target)
        match = self._routes.match(request.method, aim.path)
        body = to_object(json.loads(request.body)) if request.shows_json and request.body else {}
        return Call(match.operation.id, match.path, aim.query, body, request.header("user-agent"))

    def _handle(self, call: Call) -> Answer:
        handler = _HANDLERS.get(call.operation)
        if handler is not None:
            return handler(self.state, call)
        return _FIXED.get(call.operation, Answer(body={}))
