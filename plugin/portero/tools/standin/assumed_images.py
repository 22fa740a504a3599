"""Answers about images, plugins, builds and registries: every image exists, every build and pull succeeds."""

from portero.decide.values.dataclass import replace
from portero.decide.values.json_fields import JSON
from portero.tools.standin.messages import Answer, Call, stream_documents
from portero.tools.standin.objects import TEMPLATES, State, make_id


def inspect(state: State, call: Call) -> Answer:
    """ImageInspect: every image is there, without settings."""
    name = call.path["name"]
    layers: JSON = {"Type": "layers", "Layers": [_make_digest(f"layer {name}")]}
    return Answer(body=TEMPLATES["image"] | {"Id": _make_digest(name), "RepoTags": [name], "RootFS": layers})


def pull(state: State, call: Call) -> Answer:
    """ImageCreate: pull or import."""
    return stream_documents(
        {"status": "Pulling, at the stand-in for dockerd", "id": "latest"}, {"status": "Status: up to date"}
    )


def pull_plugin(state: State, call: Call) -> Answer:
    """PluginPull and PluginUpgrade, which name what they have pulled."""
    name = call.find_first("name") or call.find_first("remote")
    return replace(pull(state, call), headers={"Docker-Plugin-Name": name})


def inspect_plugin(state: State, call: Call) -> Answer:
    """PluginInspect: every plugin is installed and off."""
    name = call.path["name"]
    return Answer(body={"Id": "standin", "Name": name, "Enabled": False, "Settings": {}, "Config": {}})


def push(state: State, call: Call) -> Answer:
    return stream_documents({"status": f"latest: digest: {_make_digest(call.path['name'])} size: 1"})


def build(state: State, call: Call) -> Answer:
    digest = _make_digest(call.find_first("t") or "build")
    return stream_documents(
        {"stream": "Step 1/1 : at the stand-in for dockerd\n"},
        {"aux": {"ID": digest}},
        {"stream": f"Successfully built {digest[7:19]}\n"},
    )


def commit(state: State, call: Call) -> Answer:
    return Answer(201, {"Id": _make_digest(call.find_first("container"))})


def delete(state: State, call: Call) -> Answer:
    return Answer(body=[{"Untagged": call.path["name"]}])


def inspect_distribution(state: State, call: Call) -> Answer:
    descriptor: JSON = {
        "mediaType": "application/vnd.docker.distribution.manifest.v2+json",
        "digest": _make_digest(call.path["name"]),
        "size": 1,
    }
    return Answer(body={"Descriptor": descriptor, "Platforms": [{"architecture": "amd64", "os": "linux"}]})


def _make_digest(name: str) -> str:
    return f"sha256:{make_id(name)}"
