"""The image of a create or a tag, as the daemon has it: `objects.image`, `objects.publishedPorts` in the document."""

from typing import cast

from portero.decide.facts import image
from portero.decide.objects.meanings import located
from portero.decide.objects.object_use import ObjectUse
from portero.decide.values.json_fields import as_object, child, text
from portero.decide.values.json_types import JSON


def describe_image(use: ObjectUse) -> dict[str, JSON]:
    """The first where a rule in force reads it, the other with --publish-all; raises Refused (lookup-failed)."""
    if "image" not in use.looks_up or (meanings := use.meanings) is None:
        return {}
    document, facts = use.document, child(use.document, "facts")
    named = child(facts, "imageSource") or child(facts, "image")
    body, at = as_object(document["body"] or {}, ""), text(named, "at")
    is_read, wants_ports = use.policy.reads_image(use.operation.id, use.profile), image.publishes_all(body)
    # A name can stand for several images, and docker inspect shows that of the daemon's platform.
    names_platform = any(cast("dict[str, list[str]]", document["query"]).get("platform", ()))
    if not (is_read or wants_ports) or not text(named, "reference") or names_platform:
        return {}
    found = meanings.inspect("image", text(named, "reference"), at)
    with located(at):
        reported = found.shown if found else None
        described: dict[str, JSON] = {"image": image.read_reported(reported, at)} if is_read else {}
        return described | ({"publishedPorts": image.count_ports(reported, body)} if wants_ports else {})
