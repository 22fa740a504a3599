"""Answers about a swarm's secrets and configs; their content is forgotten at once."""

from portero.standin.messages import Answer, Call, Object, failure
from portero.standin.objects import CREATED, VERSION, State, has_labels, swarm_identity
from portero.values.json_fields import child, text


def create_secret(state: State, call: Call) -> Answer:
    """SecretCreate."""
    return _remembered(state.secrets, call)


def list_secrets(state: State, call: Call) -> Answer:
    """SecretList."""
    return _listed(state.secrets, call)


def inspect_secret(state: State, call: Call) -> Answer:
    """SecretInspect."""
    return _inspected(state.secrets, call, "secret")


def create_config(state: State, call: Call) -> Answer:
    """ConfigCreate."""
    return _remembered(state.configs, call)


def list_configs(state: State, call: Call) -> Answer:
    """ConfigList."""
    return _listed(state.configs, call)


def inspect_config(state: State, call: Call) -> Answer:
    """ConfigInspect."""
    return _inspected(state.configs, call, "config")


def _remembered(kept: dict[str, Object], call: Call) -> Answer:
    id = swarm_identity(text(call.body, "Name"))
    kept[id] = {name: value for name, value in call.body.items() if name != "Data"}
    return Answer(201, {"ID": id})


def _listed(kept: dict[str, Object], call: Call) -> Answer:
    """Who asks by name means to use them, so all those names are there."""
    filters = call.filters()
    named: list[Object] = [{"Name": name} for name in filters.get("name", [])]
    labels = filters.get("label", [])
    shown = named or [spec for spec in kept.values() if has_labels(labels, child(spec, "Labels"))]
    return Answer(body=[_entry(swarm_identity(text(spec, "Name")), spec) for spec in shown])


def _inspected(kept: dict[str, Object], call: Call, kind: str) -> Answer:
    """Who asks for one makes it when it is missing (docker stack deploy)."""
    reference = call.path["id"]
    for id, spec in kept.items():
        if reference in (id, text(spec, "Name")):
            return Answer(body=_entry(id, spec))
    return failure(404, f"{kind} {reference} not found")


def _entry(id: str, spec: Object) -> Object:
    return {"ID": id, "Version": VERSION, "CreatedAt": CREATED, "UpdatedAt": CREATED, "Spec": spec}
