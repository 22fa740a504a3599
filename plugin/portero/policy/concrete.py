"""Puts the values of a fact into the reason of a rule: "{who} can replace {path}" with the fact that failed."""

import re
from collections.abc import Sequence
from typing import cast

from portero.types import JSON

_NAME = re.compile(r"\{([a-zA-Z]+)\}")


def fill_reason(reason: str, request: JSON, path: Sequence[str | int]) -> str:
    """The reason with each {name} replaced by that value of the innermost fact on the path, where it has one."""
    if "{" not in reason:
        return reason
    value, fact = request, cast(dict[str, JSON], {})
    for step in path:
        value = cast("dict[str | int, JSON]", value)[step]
        fact = value if isinstance(value, dict) else fact
    return _NAME.sub(lambda name: str(fact.get(name[1], name[1])), reason)
