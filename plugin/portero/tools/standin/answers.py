"""The stand-in's answers: an HTTP request comes in, is judged by the plugin, and is answered by its operation."""

import json
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from threading import Lock

from portero.decide.decision import Decision
from portero.decide.identity.caller import NO_IDENTITY, Identity
from portero.decide.interfaces.host_notes import HostOverlay
from portero.decide.judging import denial
from portero.decide.judging.judge import Judge
from portero.decide.reading import uri
from portero.decide.reading.routes import Routes
from portero.decide.values.dataclass import replace
from portero.decide.values.json_fields import to_object
from portero.decide.values.refusals import Refused
from portero.tools.standin import assumed_images, containers, inspection, networks_and_volumes, swarm
from portero.tools.standin.messages import Answer, Call, ClientRequest, make_envelope, make_failure
from portero.tools.standin.objects import State
from portero.tools.standin.trial_objects import (
    KINDS,
    NO_OBJECTS,
    HostObjects,
    ProjectObjects,
    drop_causes_named_elsewhere,
)

# Asks the plugin: None allows a request, a text is the reason to refuse it.
AskPlugin = Callable[[ClientRequest], str | None]

_HANDLERS: Mapping[str, Callable[[State, Call], Answer]] = {
    "ContainerCreate": containers.create,
    "ContainerStart": containers.start,
    "ContainerAttach": containers.attach,
    "ContainerWait": containers.wait,
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
    "ImageBuild": assumed_images.build,
    "ImageCommit": assumed_images.commit,
    "ImageDelete": assumed_images.delete,
    "DistributionInspect": assumed_images.inspect_distribution,
    "NetworkCreate": networks_and_volumes.create,
    "NetworkInspect": networks_and_volumes.inspect,
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
    **dict.fromkeys(
        ("ContainerStop", "ContainerKill", "ContainerRestart", "ContainerPause", "ContainerUnpause"), containers.change
    ),
    **dict.fromkeys(("PluginPull", "PluginUpgrade"), assumed_images.pull_plugin),
    **dict.fromkeys(("ImagePush", "PluginPush"), assumed_images.push),
    **dict.fromkeys(("NetworkList", "NetworkListSlash"), networks_and_volumes.list_networks),
    **dict.fromkeys(("SecretCreate", "ConfigCreate"), swarm.create),
    **dict.fromkeys(("SecretList", "ConfigList"), swarm.list_objects),
    **dict.fromkeys(("SecretInspect", "ConfigInspect"), swarm.inspect),
    "SystemEvents": containers.events,
    "PluginInspect": assumed_images.inspect_plugin,
}


def _read_fixed() -> Mapping[str, Answer]:
    """The answers that are always the same, as long as nothing is there to be listed, removed or changed.

    A login is refused, and files are not given: a client would write them to the user's disk.
    """
    rows = json.loads(Path(__file__).with_name("fixed_answers.json").read_text(encoding="utf-8"))
    return {
        operation: Answer(**row | ({"stream": [text.encode() for text in row["stream"]]} if "stream" in row else {}))
        for operation, row in rows.items()
    }


_FIXED = _read_fixed()


class StandInDaemon:
    """Answers requests that the plugin allows. `state`: what clients believe to have made."""

    def __init__(self, routes: Routes, ask_plugin: AskPlugin) -> None:
        self.state = State()
        self._routes = routes
        self._ask_plugin = ask_plugin

    def answer(self, request: ClientRequest) -> Answer:
        self.state.last_call = time.monotonic()
        if request.is_too_large:
            return make_failure(500, "request body too large for authorization plugin")
        refusal = self._ask_plugin(request)
        if refusal is not None:
            return make_failure(403, f"authorization denied by plugin portero: {refusal}")
        try:
            call = self._call(request)
            with self.state.lock:
                return self._dispatch_call(call)
        except (Refused, ValueError) as error:
            return make_failure(400, f"the stand-in for dockerd cannot read this: {error}")

    def _call(self, request: ClientRequest) -> Call:
        aim = uri.parse_target(request.target)
        match = self._routes.match(request.method, aim.path)
        body = to_object(json.loads(request.body)) if request.shows_json and request.body else {}
        return Call(match.operation.id, match.path, aim.query, body, request.find_header("user-agent"))

    def _dispatch_call(self, call: Call) -> Answer:
        handler = _HANDLERS.get(call.operation)
        if handler is not None:
            return handler(self.state, call)
        return _FIXED.get(call.operation, Answer(body={}))


class TrySession:
    """`go_on`: a refused request is answered as if it had been allowed, so that the client shows the next one.

    `existing`: on this host, beside what the client makes. `caller`: who asks, where no token says it.
    """

    def __init__(
        self, judge: Judge, *, go_on: bool = False, existing: HostObjects = NO_OBJECTS, caller: Identity = NO_IDENTITY
    ) -> None:
        self.decisions: list[Decision] = []
        self.daemon = StandInDaemon(judge.routes, self._decide)
        self._objects = ProjectObjects(self.daemon.state, host=existing)
        host = HostOverlay(judge.host, self.daemon.state.find_network_name, given=self._objects)
        self._judge = replace(judge, host=host, routes=judge.routes.limit_lookups(*KINDS))
        self._go_on = go_on
        self._caller = caller
        self._lock = Lock()

    def _decide(self, request: ClientRequest) -> str | None:
        # docker sends a token of portero login here too; where it cannot be verified, it must not refuse everything.
        identity = None if self._judge.policy.trusted.token_issuers and self._judge.audiences else self._caller
        with self._lock:  # clients send in parallel, and what one request looks at says nothing of another one
            self._objects.of_host.clear()
            decision = self._judge.decide(make_envelope(request), "try", time.time(), identity=identity)
            decision = drop_causes_named_elsewhere(decision, self._objects)
        self.decisions.append(decision)
        return None if decision.allowed or self._go_on else denial.write_denial(decision)
