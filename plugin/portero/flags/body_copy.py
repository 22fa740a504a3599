"""A request document that is changed: the objects on the way to a field are copied, so that the old body stays."""

from portero.values.json_fields import to_object
from portero.values.json_types import JSON

Document = dict[str, JSON]


def around(document: Document, at: str) -> tuple[dict[str, JSON], str]:
    """The object that holds a field of the body, made where it is missing, and the field's name.

    All objects on the way are copied.
    """
    *path, name = at.split(".")
    parent = document
    for step in ("body", *path):
        child = dict(to_object(parent.get(step)))
        parent[step] = child
        parent = child
    return parent, name
