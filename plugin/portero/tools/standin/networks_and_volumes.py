"""Answers about networks and volumes.

For compose only the objects that it made exist, since it makes what is missing. For the docker command every object
exists, since its user names what the host has.
"""

from portero.decide.values.json_fields import child, text
from portero.tools.standin.messages import Answer, Call, Object, make_failure
from portero.tools.standin.objects import TEMPLATES, State, make_id


def create(state: State, call: Call) -> Answer:
    return Answer(201, {"Id": state.add_network(call.body), "Warning": ""})


def inspect(state: State, call: Call) -> Answer:
    reference = call.path["id"]
    name = state.find_network_name(reference)
    if name is None and call.is_compose:
        return make_failure(404, f"network {reference} not found")
    if name is None:
        # A network that existed before may be for containers or for services.
        state.add_network({"Name": reference, "Driver": "overlay", "Attachable": True})
    return Answer(body=_describe_network(state, make_id(f"network {name or reference}")))


def list_networks(state: State, call: Call) -> Answer:
    names = call.read_filters().get("name", [""])
    wanted = [
        id
        for id, body in state.networks.items()
        if any(name in text(body, "Name") for name in names) and call.wants(child(body, "Labels"))
    ]
    return Answer(body=[_describe_network(state, id) for id in wanted])


def delete(state: State, call: Call) -> Answer:
    name = state.find_network_name(call.path["id"])
    state.networks.pop(make_id(f"network {name}"), None)
    return Answer(204)


def _describe_network(state: State, id: str) -> Object:
    body = state.networks[id]
    driver = text(body, "Driver") or "bridge"
    given = {name: body[name] for name in ("IPAM", "Internal", "Attachable", "Ingress") if body.get(name)}
    return (
        TEMPLATES["network"]
        | given
        | {
            "Name": text(body, "Name"),
            "Id": id,
            "Scope": "swarm" if driver == "overlay" else "local",
            "Driver": driver,
            "Options": child(body, "Options"),
            "Labels": child(body, "Labels"),
        }
    )


def create_volume(state: State, call: Call) -> Answer:
    name = text(call.body, "Name") or state.new_id()
    state.volumes.setdefault(name, call.body)
    return Answer(201, _describe_volume(state, name))


def inspect_volume(state: State, call: Call) -> Answer:
    name = call.path["name"]
    if name not in state.volumes and call.is_compose:
        return make_failure(404, f"get {name}: no such volume")
    return Answer(body=_describe_volume(state, name))


def list_volumes(state: State, call: Call) -> Answer:
    names = [name for name, body in state.volumes.items() if call.wants(child(body, "Labels"))]
    return Answer(body={"Volumes": [_describe_volume(state, name) for name in names], "Warnings": []})


def delete_volume(state: State, call: Call) -> Answer:
    state.volumes.pop(call.path["name"], None)
    return Answer(204)


def _describe_volume(state: State, name: str) -> Object:
    body = state.volumes.get(name, {})
    return TEMPLATES["volume"] | {
        "Driver": text(body, "Driver") or "local",
        "Labels": child(body, "Labels"),
        "Mountpoint": f"/var/lib/docker/volumes/{name}/_data",
        "Name": name,
        "Options": child(body, "DriverOpts"),
    }
