"""What a flag of the docker command line does to a request: the few ways in which flags change bodies.

A request document (schemas/request.json) goes in and gets a new body; its facts are then stale. A value that the flag
does not take raises ValueError.
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Protocol

from portero.types import JSON

Document = dict[str, JSON]
Reader = Callable[[str], JSON]
# Where something was dropped: empty when all of the field is gone, so that its name says enough.
Dropped = tuple[str, ...] | None


class Edit(Protocol):
    """One flag in one operation."""

    def add(self, document: Document, value: str) -> None:
        """Do what the flag with this value does."""
        ...

    def drop(self, document: Document, places: Collection[str]) -> Dropped:
        """Undo what the flag did at these places of violations; None when it did nothing there."""
        ...


@dataclass(frozen=True, slots=True)
class Field:
    """A flag that sets one field of the body. `place` is the field's, such as HostConfig.Memory."""

    at: str
    reads: Reader

    def add(self, document: Document, value: str) -> None:
        """Set the field."""
        parent, name = _around(document, self.at)
        parent[name] = self.reads(value)

    def drop(self, document: Document, places: Collection[str]) -> Dropped:
        """Remove the field when it stands at one of the places."""
        parent, name = _around(document, self.at)
        return () if _named(self.at, places) and parent.pop(name, None) is not None else None


@dataclass(frozen=True, slots=True)
class Fields:
    """A flag that sets several fields at once, which can only be undone."""

    places: tuple[str, ...]

    def add(self, document: Document, value: str) -> None:
        """Never done: what it does is what rules refuse."""
        raise ValueError("is only ever dropped")

    def drop(self, document: Document, places: Collection[str]) -> Dropped:
        """Remove all of the fields when one of them stands at one of the places."""
        if not any(_named(place, places) for place in self.places):
            return None
        for place in self.places:
            parent, name = _around(document, place)
            parent.pop(name, None)
        return ()


@dataclass(frozen=True, slots=True)
class Entries:
    """A flag that may be repeated. Entries of one `key` replace each other."""

    at: str
    reads: Reader
    key: Callable[[JSON], JSON]

    def add(self, document: Document, value: str) -> None:
        """Add the entry in place of those with its key."""
        parent, name = _around(document, self.at)
        entry = self.reads(value)
        others = [other for other in _entries(parent.get(name)) if self.key(other) != self.key(entry)]
        parent[name] = [*others, entry]

    def drop(self, document: Document, places: Collection[str]) -> Dropped:
        """Remove the entries at the places."""
        parent, name = _around(document, self.at)
        entries = _entries(parent.get(name))
        wrong = [f"{self.at}[{n}]" for n in range(len(entries)) if _named(f"{self.at}[{n}]", places)]
        if not wrong:
            return None
        kept = [entry for n, entry in enumerate(entries) if f"{self.at}[{n}]" not in wrong]
        parent[name] = kept
        return tuple(wrong) if kept else ()


@dataclass(frozen=True, slots=True)
class Names:
    """A flag of names and values, `name=value`, that may be repeated."""

    at: str
    separator: str = "="

    def add(self, document: Document, value: str) -> None:
        """Set the name."""
        parent, last = _around(document, self.at)
        name, separator, text = value.partition(self.separator)
        if not separator:
            raise ValueError(f"'{value}' has no {self.separator}")
        parent[last] = {**_object(parent.get(last)), name: text}

    def drop(self, document: Document, places: Collection[str]) -> Dropped:
        """Remove all: the place of a violation does not tell names, which may be secrets."""
        parent, last = _around(document, self.at)
        return () if _named(self.at, places) and parent.pop(last, None) else None


@dataclass(frozen=True, slots=True)
class Each:
    """A flag `PATH:options` that stands for the options of each path that the request names."""

    at: str

    def add(self, document: Document, value: str) -> None:
        """Give each path these options."""
        _, separator, options = value.partition(":")
        if not separator:
            raise ValueError(f"'{value}' has no :")
        parent, last = _around(document, self.at)
        if last in parent:
            parent[last] = dict.fromkeys(_object(parent[last]), options)

    def drop(self, document: Document, places: Collection[str]) -> Dropped:
        """Remove all paths."""
        return Names(self.at).drop(document, places)


@dataclass(frozen=True, slots=True)
class Published:
    """A flag `ADDRESS:PORT:PORT`, which stands for the address of each port that the request publishes."""

    at: str

    def add(self, document: Document, value: str) -> None:
        """Publish every port at the address."""
        address = value.rpartition(":")[0].rpartition(":")[0].strip("[]")
        if not address:
            raise ValueError(f"'{value}' is not ADDRESS:PORT:PORT")
        parent, last = _around(document, self.at)
        if last in parent:
            parent[last] = {
                port: [{**_object(binding), "HostIp": address} for binding in _entries(bindings) or [{}]]
                for port, bindings in _object(parent[last]).items()
            }

    def drop(self, document: Document, places: Collection[str]) -> Dropped:
        """Publish nothing."""
        return Names(self.at).drop(document, places)


@dataclass(frozen=True, slots=True)
class Network:
    """--network of a container, which the command line says twice (docker/cli cli/command/container/opts.go)."""

    def add(self, document: Document, value: str) -> None:
        """Join this network and no other."""
        parent, name = _around(document, "HostConfig.NetworkMode")
        parent[name] = value
        networking, endpoints = _around(document, "NetworkingConfig.EndpointsConfig")
        networking[endpoints] = {value: {}}

    def drop(self, document: Document, places: Collection[str]) -> Dropped:
        """Join what Docker joins when nothing is said."""
        networking, endpoints = _around(document, "NetworkingConfig.EndpointsConfig")
        networking.pop(endpoints, None)
        return Field("HostConfig.NetworkMode", str).drop(document, places)


def _around(document: Document, place: str) -> tuple[dict[str, JSON], str]:
    """The object that holds the field at a place of the body, made where it is missing, and the field's name.

    All objects on the way are copied, so that whoever has the old body keeps it as it was.
    """
    *path, name = place.split(".")
    parent = document
    for step in ("body", *path):
        child = dict(_object(parent.get(step)))
        parent[step] = child
        parent = child
    return parent, name


def _entries(value: JSON) -> list[JSON]:
    return value if isinstance(value, list) else []


def _object(value: JSON) -> dict[str, JSON]:
    return value if isinstance(value, dict) else {}


def _named(place: str, places: Collection[str]) -> bool:
    return any(named == place or named.startswith((f"{place}[", f"{place}.")) for named in places)
