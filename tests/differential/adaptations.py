"""What dockerd makes of what it is sent, by its own rules: adaptations.tsv, a line each. All else is a difference.

Columns: operations, field (* is any run of characters), engines (none: all that are tested), api (<1.43: requests
below it), how (the name of a test in how.py), what dockerd makes of it, and where that stands in moby.
"""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from portero.decide.values.json_fields import JSON
from tests.captured import table

from .how import TESTS
from .seen import Seen

_OPERATIONS: Mapping[str, tuple[str, ...]] = {
    "create": ("ContainerCreate",),
    "update": ("ContainerUpdate",),
    "volume": ("VolumeCreate",),
    "network": ("NetworkCreate",),
    "connect": ("NetworkConnect",),
    "service": ("ServiceCreate", "ServiceUpdate"),
}


@dataclass(frozen=True, slots=True)
class Adaptation:
    """One line of the table."""

    operations: tuple[str, ...]
    field: re.Pattern[str]
    engines: tuple[str, ...]
    below: str
    values: tuple[JSON, ...]  # one-of: what dockerd has for a field that is absent
    test: Callable[[Seen], bool]

    def covers(self, seen: Seen) -> bool:
        """Whether this is what dockerd did."""
        return (
            seen.operation in self.operations
            and (not self.engines or seen.engine in self.engines)
            and (not self.below or seen.before_api(self.below))
            and self.field.fullmatch(seen.difference.at) is not None
            and (seen.read is None and seen.made in self.values if self.values else self.test(seen))
        )


@cache
def adaptations() -> tuple[Adaptation, ...]:
    """The table."""
    return tuple(map(_adaptation, table(Path(__file__).with_suffix(".tsv"))))


def _adaptation(row: Mapping[str, str]) -> Adaptation:
    how, _, values = row["how"].partition(" ")
    return Adaptation(
        operations=tuple(name for short in row["operations"].split() for name in _OPERATIONS[short]),
        field=re.compile(".*".join(map(re.escape, row["field"].split("*"))), re.DOTALL),
        engines=tuple(row["engines"].split()),
        below=row["api"].removeprefix("<"),
        values=tuple(_values(values)) if how == "one-of" else (),
        test=TESTS["absent" if how == "one-of" else how],
    )


def _values(text: str) -> list[JSON]:
    """JSON values with spaces between them."""
    decoder, found = json.JSONDecoder(), []
    while text := text.lstrip():
        value, end = decoder.raw_decode(text)
        found.append(value)
        text = text[end:]
    return found


def explain(seen: Seen) -> Adaptation | None:
    """The adaptation that is this difference; None: nothing explains it."""
    return next((one for one in adaptations() if one.covers(seen)), None)
