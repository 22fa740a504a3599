"""Answers that show containers: one by one and as a list."""

from collections.abc import Mapping

from portero.decide.values.docker_names import COMPOSE_PROJECT
from portero.decide.values.json_fields import JSON, child, flag, items, objects, text, texts
from portero.decide.values.path import clean
from portero.tools.standin.messages import Answer, Call, Object
from portero.tools.standin.objects import TEMPLATES, Container, State, make_id


def inspect(state: State, call: Call) -> Answer:
    return Answer(body=describe(state.find_container(call.path["id"])))


def describe(container: Container) -> Object:
    others = ("HostConfig", "NetworkingConfig")
    config: Object = {"User": "", **{name: value for name, value in container.body.items() if name not in others}}
    status: Object = {"Status": container.status, "Running": container.is_up, "Paused": container.status == "paused"}
    return TEMPLATES["container"] | {
        "Id": container.id,
        "Name": f"/{container.name}",
        "State": TEMPLATES["state"] | status | {"Pid": 1 if container.is_up else 0},
        "Image": f"sha256:{make_id(text(container.body, 'Image'))}",
        "HostConfig": child(container.body, "HostConfig"),
        "Config": config,
        "Mounts": _list_mounts(container),
        "NetworkSettings": {"Ports": _list_ports(container), "Networks": _list_networks(container)},
    }


def _list_mounts(container: Container) -> list[JSON]:
    config = child(container.body, "HostConfig")
    mounts: list[JSON] = []
    for bind in texts(config, "Binds"):
        source, _, rest = bind.partition(":")
        target, _, mode = rest.partition(":")
        mounts.append(_make_mount(source, target or source, read_only="ro" in mode.split(",")))
    for entry in objects(config, "Mounts"):
        if text(entry, "Type") in ("bind", "volume"):
            source, target = text(entry, "Source"), text(entry, "Target")
            mounts.append(_make_mount(source, target, read_only=flag(entry, "ReadOnly")))
    return mounts


def _make_mount(source: str, target: str, *, read_only: bool) -> Object:
    mount: Object = {"Destination": target, "RW": not read_only, "Propagation": "rprivate"}
    if source.startswith("/"):
        return {"Type": "bind", "Source": clean(source), **mount}
    folder = f"/var/lib/docker/volumes/{source}/_data"
    return {"Type": "volume", "Name": source, "Driver": "local", "Source": folder, **mount}


def _list_networks(container: Container) -> Object:
    endpoints = child(child(container.body, "NetworkingConfig"), "EndpointsConfig")
    mode = text(child(container.body, "HostConfig"), "NetworkMode")
    names = list(endpoints) or ["bridge" if mode in ("", "default") else mode]
    return {name: {"NetworkID": make_id(f"network {name}"), "IPAddress": "172.17.0.2"} for name in names}


def _list_ports(container: Container) -> Object:
    bindings = child(child(container.body, "HostConfig"), "PortBindings")
    return {port: [{"HostIp": "0.0.0.0", "HostPort": "49153"}] for port in bindings}  # noqa: S104 - what dockerd says


def list_containers(state: State, call: Call) -> Answer:
    """ContainerList with the filters that compose uses."""
    shown = [each for each in state.containers.values() if _is_wanted(each, call)]
    return Answer(body=[summarize_container(container) for container in shown or _assume_container(state, call)])


def _assume_container(state: State, call: Call) -> list[Container]:
    """The container of a compose service that a client names, when its project has no container here."""
    labels = dict(label.split("=", 1) for label in call.read_filters().get("label", []) if "=" in label)
    project, service = (labels.get(f"com.docker.compose.{what}") for what in ("project", "service"))
    made = (each.labels.get(COMPOSE_PROJECT) for each in state.containers.values())
    if not project or not service or project in made:
        return []
    assumed = state.find_container(f"{project}-{service}-1")
    assigned = {"com.docker.compose.container-number": "1", "com.docker.compose.oneoff": "False"}
    assumed.body = {"Image": "busybox", "Labels": {**assigned, **labels}}
    return [assumed]


def _is_wanted(container: Container, call: Call) -> bool:
    filters = call.read_filters()
    if not (container.is_up or call.find_first("all") in ("1", "true") or "status" in filters):
        return False
    return container.status in filters.get("status", [container.status]) and call.wants(container.labels)


def summarize_container(container: Container) -> Object:
    image = text(container.body, "Image")
    return TEMPLATES["listed container"] | {
        "Id": container.id,
        "Names": [f"/{container.name}"],
        "Image": image,
        "ImageID": f"sha256:{make_id(image)}",
        "Command": " ".join(map(str, _list_command(container.body))),
        "Labels": dict(container.labels),
        "State": container.status,
        "Status": "Up 1 second" if container.is_up else "Exited (0) 1 second ago",
        "HostConfig": {"NetworkMode": child(container.body, "HostConfig").get("NetworkMode") or "default"},
        "NetworkSettings": {"Networks": _list_networks(container)},
        "Mounts": _list_mounts(container),
    }


def _list_command(body: Mapping[str, JSON]) -> list[JSON]:
    command = body.get("Cmd")
    return [command] if isinstance(command, str) else items(body, "Cmd")
