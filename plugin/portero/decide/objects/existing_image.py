"""The image of a create or a tag, as the daemon has it: `objects.image`, `objects.publishedPorts` in the document."""

from collections.abc import Mapping
from typing import cast

from portero.decide.facts import image
from portero.decide.objects.meanings import Meanings, located
from portero.decide.values.json_fields import as_object, child, text
from portero.decide.values.json_types import JSON


def describe_image(document: Mapping[str, JSON], meanings: Meanings, *, is_read: bool) -> dict[str, JSON]:
    """Both; raises Refused (lookup-failed) where the daemon does not answer.

    `is_read`: a rule in force reads the image. Ports count only with --publish-all.
    """
    named = child(child(document, "facts"), "imageSource" if document["operation"] == "ImageTag" else "image")
    body, at = as_object(document["body"] or {}, ""), text(named, "at")
    wants_ports = image.publishes_all(body)
    # A name can stand for several images, and docker inspect shows that of the daemon's platform.
    names_platform = any(cast("dict[str, list[str]]", document["query"]).get("platform", ()))
    if not (is_read or wants_ports) or not text(named, "reference") or names_platform:
        return {}
    found = meanings.inspect("image", text(named, "reference"), at)
    with located(at):
        reported = found.shown if found else None
        described: dict[str, JSON] = {"image": image.read_reported(reported, at)} if is_read else {}
        return described | ({"publishedPorts": image.count_ports(reported, body)} if wants_ports else {})
