"""Answers about a swarm: this node is its one manager, every task runs, the content of secrets is forgotten at once."""

from portero.decide.values.json_fields import JSON, child, text
from portero.tools.standin.messages import Answer, Call, Object, make_failure
from portero.tools.standin.objects import TEMPLATES, State, make_swarm_id

_OBJECT = TEMPLATES["swarm object"]
NODE_ID = make_swarm_id("node")


def create_service(state: State, call: Call) -> Answer:
    id = make_swarm_id(state.new_id())
    state.services[id] = call.body
    return Answer(201, {"ID": id, "Warnings": []})


def update_service(state: State, call: Call) -> Answer:
    state.services[_find_service_id(state, call.path["id"])] = call.body
    return Answer(body={"Warnings": []})


def inspect_service(state: State, call: Call) -> Answer:
    """ServiceInspect: a service that no client made here existed before and is plain."""
    return Answer(body=_describe_service(state, _find_service_id(state, call.path["id"])))


def list_services(state: State, call: Call) -> Answer:
    """ServiceList, by name or label; a service that a client names exists."""
    named = [_find_service_id(state, name) for name in call.read_filters().get("name", [])]
    shown = [id for id in named or state.services if call.wants(child(state.services[id], "Labels"))]
    return Answer(body=[_describe_service(state, id) for id in shown])


def delete_service(state: State, call: Call) -> Answer:
    state.services.pop(_find_service_id(state, call.path["id"]), None)
    return Answer(200)


def _find_service_id(state: State, reference: str) -> str:
    for id, spec in state.services.items():
        if reference in (id, text(spec, "Name")):
            return id
    id = make_swarm_id(f"service {reference}")
    container: Object = {"Image": "busybox", "Init": False}
    replicas: Object = {"Replicated": {"Replicas": 1}}
    state.services[id] = {"Name": reference, "TaskTemplate": {"ContainerSpec": container}, "Mode": replicas}
    return id


def _describe_service(state: State, id: str) -> Object:
    spec = state.services[id]
    return {**_OBJECT, "ID": id, "Spec": spec, "PreviousSpec": spec, "Endpoint": {"Spec": {}}}


def tasks(state: State, call: Call) -> Answer:
    """TaskList, by service or label: all running."""
    wanted = call.read_filters().get("service")
    shown = [
        id
        for id, spec in state.services.items()
        if (wanted is None or id in wanted or text(spec, "Name") in wanted) and call.wants(child(spec, "Labels"))
    ]
    return Answer(body=[task for id in shown for task in _list_tasks(state, id)])


def _list_tasks(state: State, service: str) -> list[JSON]:
    replicated = child(child(state.services[service], "Mode"), "Replicated")
    count = replicated.get("Replicas", 1)
    return [
        {
            **_OBJECT,
            **TEMPLATES["task"],
            "ID": make_swarm_id(f"task {service} {slot}"),
            "ServiceID": service,
            "Slot": slot,
            "NodeID": NODE_ID,
        }
        for slot in range(1, 1 + (count if isinstance(count, int) else 1))
    ]


def create(state: State, call: Call) -> Answer:
    id = make_swarm_id(text(call.body, "Name"))
    _find_objects(state, call)[id] = {name: value for name, value in call.body.items() if name != "Data"}
    return Answer(201, {"ID": id})


def list_objects(state: State, call: Call) -> Answer:
    """SecretList and ConfigList: a client that gives names means to use them, so all of these exist."""
    named: list[Object] = [{"Name": name} for name in call.read_filters().get("name", [])]
    shown = named or [spec for spec in _find_objects(state, call).values() if call.wants(child(spec, "Labels"))]
    return Answer(body=[_make_entry(make_swarm_id(text(spec, "Name")), spec) for spec in shown])


def inspect(state: State, call: Call) -> Answer:
    """SecretInspect and ConfigInspect: the client makes what is missing (docker stack deploy)."""
    reference = call.path["id"]
    for id, spec in _find_objects(state, call).items():
        if reference in (id, text(spec, "Name")):
            return Answer(body=_make_entry(id, spec))
    return make_failure(404, f"{'secret' if _is_secret(call) else 'config'} {reference} not found")


def _is_secret(call: Call) -> bool:
    return call.operation.startswith("Secret")


def _find_objects(state: State, call: Call) -> dict[str, Object]:
    return state.secrets if _is_secret(call) else state.configs


def _make_entry(id: str, spec: Object) -> Object:
    return {**_OBJECT, "ID": id, "Spec": spec}
