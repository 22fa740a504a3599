"""The facts of an operation in parts, each with the fields that it is read from.

Of a call whose body was changed, only those parts are read again whose fields have changed.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Set
from dataclasses import dataclass
from typing import TypeAlias

from portero.host.view import HostMoment
from portero.types import JSON, Fact

# The names on the way to a field of the body.
Path: TypeAlias = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Before:
    """The same call at the same moment of the host with another body. `facts`: what was read from that one.

    `filled`: those of them that the daemon's defaults have changed since.
    """

    body: JSON
    facts: Mapping[str, JSON]
    filled: Set[str] = frozenset()


@dataclass(frozen=True, slots=True)
class FactCall:
    """What facts are read from."""

    body: Fact
    query: Mapping[str, tuple[str, ...]]
    path: Mapping[str, str]
    host: HostMoment
    before: Before | None = None


@dataclass(frozen=True, slots=True)
class FactPart:
    """Some facts. `fields`: those of the body that `read` looks at; `around`: what they are in."""

    read: Callable[[FactCall], dict[str, JSON]]
    facts: frozenset[str]
    fields: frozenset[Path]
    around: frozenset[Path]

    @classmethod
    def of(cls, read: Callable[[FactCall], dict[str, JSON]], facts: str, fields: Mapping[str, str]) -> "FactPart":
        """`facts`: names with spaces between them. `fields`: likewise, below each object of the body."""
        paths = {(*filter(None, above.split(".")), name) for above, names in fields.items() for name in names.split()}
        around = {path[:length] for path in paths for length in range(len(path))}
        return cls(read, frozenset(facts.split()), frozenset(paths), frozenset(around))


@dataclass(frozen=True, slots=True)
class ChangedPlaces:
    """Where two bodies differ. `reached`: these places, and all that they are in."""

    places: frozenset[Path]
    reached: frozenset[Path]

    @classmethod
    def at(cls, places: Iterable[Path]) -> "ChangedPlaces":
        """ChangedPlaces at these places."""
        known = frozenset(places)
        return cls(known, frozenset(place[:length] for place in known for length in range(1, len(place) + 1)))

    def concern(self, part: FactPart) -> bool:
        """Whether what is read there can have changed: a change is in one of its fields, or a field is in a change."""
        return not (part.fields.isdisjoint(self.reached) and part.around.isdisjoint(self.places))


def read_parts(parts: Iterable[FactPart], call: FactCall) -> dict[str, JSON]:
    """The facts of a call, in which nothing is read again that cannot have changed."""
    if call.before is None:
        return {name: fact for part in parts for name, fact in part.read(call).items()}
    before, changes = call.before, ChangedPlaces.at(list_changes(call.before.body, call.body))
    facts: dict[str, JSON] = {}
    for part in parts:
        if part.facts.isdisjoint(before.filled) and not changes.concern(part):
            facts |= {name: before.facts[name] for name in part.facts}
        else:
            facts |= part.read(call)
    return facts


def list_changes(old: JSON, new: JSON, at: Path = ()) -> Iterator[Path]:
    """Where two bodies differ. Lists and values that are not the same object count as different."""
    if not isinstance(old, dict) or not isinstance(new, dict):
        yield at
        return
    for name, value in new.items():
        if name not in old:
            yield (*at, name)
        elif old[name] is not value:
            yield from list_changes(old[name], value, (*at, name))
    yield from ((*at, name) for name in old.keys() - new.keys())
