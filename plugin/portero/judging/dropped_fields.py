"""Fields that dockerd drops at the API version of the request: the request document in, reports out.

A rule that asks for such a field refuses the request as if it had not been sent; the report says why.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import cast

from portero.decision import Violation, refusal
from portero.types import JSON

CODE = "dropped-field"


def report(document: Mapping[str, JSON]) -> Iterable[Violation]:
    """One violation that only reports for each dropped field."""
    fields = cast(dict[str, list[dict[str, str]]], document["facts"]).get("droppedFields", ())
    return [_dropped(field["at"], field["since"]) for field in fields]


def _dropped(at: str, since: str) -> Violation:
    name = at.rpartition(".")[2]
    remedy = f"send it to /v{since} or newer: unset DOCKER_API_VERSION, or use a newer client and daemon"
    return replace(
        refusal(CODE, at, "audit"), reason=f"Docker drops {name} below API {since}.", remedy={"docker": remedy}
    )
