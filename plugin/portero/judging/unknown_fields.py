"""Names in a body that Docker does not know: the request document in, refusals or reports out."""

from collections.abc import Iterable, Mapping
from typing import cast

from portero.decision import Violation, refusal
from portero.policy.action import Action
from portero.types import JSON

# A body may hold thousands of them; the log line stays bounded.
_MOST = 20


def report(document: Mapping[str, JSON], action: Action) -> Iterable[Violation]:
    """One violation for each unknown name, the first of them; `action` is the site's for `unknown-fields`."""
    if action == "off":
        return ()
    fields = cast(dict[str, list[dict[str, str]]], document["facts"]).get("unknownFields", ())
    return [refusal("unknown-field", field["at"], action) for field in fields[:_MOST]]
