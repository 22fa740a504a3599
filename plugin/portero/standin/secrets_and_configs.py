"""Answers about a swarm's secrets and configs. Their content is forgotten at once."""

from portero.standin.messages import Answer, Call, Object, failure
from portero.standin.objects import CREATED, VERSION, State, has_labels, swarm_identity
from portero.values.json_fields import child, text


def create(state: State, call: Call) -> Answer:
    """SecretCreate and ConfigCreate."""
    id = swarm_identity(text(call.body, "Name"))
    _objects(state, call)[id] = {name: value for name, value in call.body.items() if name != "Data"}
    return Answer(201, {"ID": id})


def list_objects(state: State, call: Call) -> Answer:
    """SecretList and ConfigList: a client that gives names means to use them, so all of these exist."""
    filters = call.filters()
    named: list[Object] = [{"Name": name} for name in filters.get("name", [])]
    labels = filters.get("label", [])
    shown = named or [spec for spec in _objects(state, call).values() if has_labels(labels, child(spec, "Labels"))]
    return Answer(body=[_entry(swarm_identity(text(spec, "Name")), spec) for spec in shown])


def inspect(state: State, call: Call) -> Answer:
    """SecretInspect and ConfigInspect: the client makes what is missing (docker stack deploy)."""
    reference = call.path["id"]
    for id, spec in _objects(state, call).items():
        if reference in (id, text(spec, "Name")):
            return Answer(body=_entry(id, spec))
    return failure(404, f"{'secret' if _is_secret(call) else 'config'} {reference} not found")


def _is_secret(call: Call) -> bool:
    return call.operation.startswith("Secret")


def _objects(state: State, call: Call) -> dict[str, Object]:
    return state.secrets if _is_secret(call) else state.configs


def _entry(id: str, spec: Object) -> Object:
    return {"ID": id, "Version": VERSION, "CreatedAt": CREATED, "UpdatedAt": CREATED, "Spec": spec}
