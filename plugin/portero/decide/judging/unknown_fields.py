"""Fields in a body that Docker does not know, or drops at the API version: the request document in, violations out.

A rule that requires a dropped field refuses the request as if the field were missing; the report names the reason.
"""

import re
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from typing import cast

from portero.decide.decision import Violation, make_refusal
from portero.decide.policy.rule import Action
from portero.decide.reading.shapes import ListOf, MapOf, Shape, Struct
from portero.decide.values.dataclass import replace
from portero.decide.values.json_fields import JSON

UNKNOWN, DROPPED = "unknown-field", "dropped-field"
# A body may hold thousands of them; the log line stays bounded.
_MAX_FIELDS = 20
_MAX_NAME_LENGTH = 64
_INDEX = re.compile(r"\[\d+\]")


def report_unknown(document: Mapping[str, JSON], action: Action, shape: Shape | None = None) -> Iterable[Violation]:
    """One violation for each unknown name, the first of them; `action` is the site's for `unknown-fields`.

    `shape`: the body's, in which a name that is close to an unknown one is looked for.
    """
    if action == "off":
        return ()
    fields = cast("dict[str, list[dict[str, str]]]", document["facts"]).get("unknownFields", ())
    return [_refuse(field["at"], action, shape) for field in fields[:_MAX_FIELDS]]


def _refuse(at: str, action: Action, shape: Shape | None) -> Violation:
    refused = make_refusal(UNKNOWN, at, "deny" if action == "deny" else "audit")
    if close := _find_close(at, shape):
        reason = f"Docker has no field of this name: did you mean {close}? It ignores this one."
        return replace(refused, reason=reason)
    return refused


def _find_close(at: str, shape: Shape | None) -> str:
    """The field of Docker whose name is closest to the last name of `at`; empty where no name is close."""
    *above, name = _INDEX.sub("", at).split(".")
    for step in above:
        shape = _step_into(shape, step)
    if not isinstance(shape, Struct) or len(name) > _MAX_NAME_LENGTH:
        return ""
    return next(iter(get_close_matches(name, [field.name for field in shape.fields.values()], n=1, cutoff=0.8)), "")


def _step_into(shape: Shape | None, name: str) -> Shape | None:
    if isinstance(shape, MapOf):
        return _enter_lists(shape.items)
    field = shape.find_field(name)[1] if isinstance(shape, Struct) else None
    return _enter_lists(field.shape) if field is not None else None


def _enter_lists(shape: Shape) -> Shape:
    while isinstance(shape, ListOf):
        shape = shape.items
    return shape


def report_dropped(document: Mapping[str, JSON]) -> Iterable[Violation]:
    """One violation that only reports for each dropped field."""
    fields = cast("dict[str, list[dict[str, str]]]", document["facts"]).get("droppedFields", ())
    return [_make_violation(field["at"], field["since"]) for field in fields]


def _make_violation(at: str, since: str) -> Violation:
    name = at.rpartition(".")[2]
    remedy = f"send it to /v{since} or newer: unset DOCKER_API_VERSION, or use a newer client and daemon"
    return replace(
        make_refusal(DROPPED, at, "audit"), reason=f"Docker drops {name} below API {since}.", remedy={"docker": remedy}
    )
