"""What an image is that the daemon has: the JSON of docker image inspect in, `objects.image` out."""

from collections.abc import Iterator, Mapping

from portero.facts import image, ports, process
from portero.values.go_values import parse_go_port
from portero.values.json_fields import as_text, child, flag, text, texts
from portero.values.json_types import JSON, Fact

_NO_NAME = "<none>"


def make_fact(reported: Mapping[str, JSON] | None, at: str) -> Fact:
    """The fact; None: the daemon has no such image, so that a container cannot be created from it.

    Raises Refused where a field has a type that Docker would not write.
    """
    config = child(reported or {}, "Config")
    exposed = [name.partition("/") for name in child(config, "ExposedPorts")]
    return {
        "exists": reported is not None,
        "id": text(reported or {}, "Id"),
        "references": [image.parse_reference(reference, at) for reference in _list_references(reported or {})],
        "user": text(config, "User"),
        "volumes": [*child(config, "Volumes")],
        "exposedPorts": [
            {"port": parse_go_port(number), "protocol": protocol.lower() or "tcp"} for number, _, protocol in exposed
        ],
        "healthcheck": process.read_healthcheck(child(config, "Healthcheck"), at)["value"] == "set",
        "labels": [{"name": name, "value": as_text(value, at)} for name, value in child(config, "Labels").items()],
        "at": at,
    }


def publishes_all(body: Fact) -> bool:
    """Whether a create publishes every port that the image exposes."""
    return flag(child(body, "HostConfig"), "PublishAllPorts")


def count_ports(reported: Mapping[str, JSON] | None, body: Fact) -> Fact:
    """How many ports a create publishes at most, with those that --publish-all takes from the image."""
    of_image = child(child(reported or {}, "Config"), "ExposedPorts")
    return ports.count_create({**body, "ExposedPorts": {**child(body, "ExposedPorts"), **of_image}})


def _list_references(reported: Mapping[str, JSON]) -> Iterator[str]:
    names = dict.fromkeys((*texts(reported, "RepoTags"), *texts(reported, "RepoDigests")))
    return (name for name in names if _NO_NAME not in name)
