"""What a flag of the docker command line does to a request: the few ways in which flags change bodies.

A request document (schemas/request.json) goes in and gets a new body; its facts are then stale. A value that the flag
does not take raises ValueError.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Protocol

from portero.types import JSON

Document = dict[str, JSON]
Reader = Callable[[str], JSON]
# The entries that were dropped; empty when the whole field is gone.
Dropped = tuple[str, ...] | None


# Where the name of a place in the request ends: HostConfig | .Binds | [0]
_STEP = re.compile(r"(?=[.\[])")


class Violated:
    """Where violations are, so that one look tells whether one is at a place or within it."""

    def __init__(self, places: Iterable[str]) -> None:
        self._around = frozenset(outer for at in places for outer in _outer(at))

    def __contains__(self, at: str) -> bool:
        return at in self._around


def _outer(at: str) -> Iterator[str]:
    """The place and all those around it: HostConfig.Binds[0], HostConfig.Binds, HostConfig."""
    yield at
    yield from (at[: step.start()] for step in _STEP.finditer(at) if step.start())


class Edit(Protocol):
    """One flag in one operation."""

    def add(self, document: Document, value: str) -> None:
        """Do what the flag with this value does."""
        ...

    def drop(self, document: Document, violated: Violated) -> Dropped:
        """Undo what the flag did where the violations are; None when it did nothing there."""
        ...


@dataclass(frozen=True, slots=True)
class SetField:
    """A flag that sets one field of the body, such as HostConfig.Memory."""

    at: str
    reads: Reader

    def add(self, document: Document, value: str) -> None:
        """Set the field."""
        parent, name = _around(document, self.at)
        parent[name] = self.reads(value)

    def drop(self, document: Document, violated: Violated) -> Dropped:
        """Remove the field when a violation is there."""
        parent, name = _around(document, self.at)
        return () if self.at in violated and parent.pop(name, None) is not None else None


@dataclass(frozen=True, slots=True)
class Fields:
    """A flag that sets several fields at once, which can only be undone."""

    fields: tuple[str, ...]

    def add(self, document: Document, value: str) -> None:
        """Never done: what it does is what rules refuse."""
        raise ValueError("is only ever dropped")

    def drop(self, document: Document, violated: Violated) -> Dropped:
        """Remove all of the fields when a violation is at one of them."""
        if not any(field in violated for field in self.fields):
            return None
        for field in self.fields:
            parent, name = _around(document, field)
            parent.pop(name, None)
        return ()


@dataclass(frozen=True, slots=True)
class Entries:
    """A flag that may be repeated. Entries of one `key` replace each other."""

    at: str
    reads: Reader
    key: Callable[[JSON], JSON]

    def add(self, document: Document, value: str) -> None:
        """Add the entry; it replaces those with its key."""
        parent, name = _around(document, self.at)
        entry = self.reads(value)
        others = [other for other in _entries(parent.get(name)) if self.key(other) != self.key(entry)]
        parent[name] = [*others, entry]

    def drop(self, document: Document, violated: Violated) -> Dropped:
        """Remove the entries where violations are."""
        parent, name = _around(document, self.at)
        entries = _entries(parent.get(name))
        wrong = [n for n in range(len(entries)) if f"{self.at}[{n}]" in violated]
        if not wrong:
            return None
        gone = set(wrong)
        kept = [entry for n, entry in enumerate(entries) if n not in gone]
        parent[name] = kept
        return tuple(f"{self.at}[{n}]" for n in wrong) if kept else ()


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

    def drop(self, document: Document, violated: Violated) -> Dropped:
        """Remove all: `at` of a violation has no names, which may be secrets."""
        parent, last = _around(document, self.at)
        return () if self.at in violated and parent.pop(last, None) else None


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

    def drop(self, document: Document, violated: Violated) -> Dropped:
        """Remove all paths."""
        return Names(self.at).drop(document, violated)


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

    def drop(self, document: Document, violated: Violated) -> Dropped:
        """Publish nothing."""
        return Names(self.at).drop(document, violated)


@dataclass(frozen=True, slots=True)
class Network:
    """--network of a container, which the command line says twice (docker/cli cli/command/container/opts.go)."""

    def add(self, document: Document, value: str) -> None:
        """Join this network and no other."""
        parent, name = _around(document, "HostConfig.NetworkMode")
        parent[name] = value
        networking, endpoints = _around(document, "NetworkingConfig.EndpointsConfig")
        networking[endpoints] = {value: {}}

    def drop(self, document: Document, violated: Violated) -> Dropped:
        """Join Docker's default network."""
        networking, endpoints = _around(document, "NetworkingConfig.EndpointsConfig")
        networking.pop(endpoints, None)
        return SetField("HostConfig.NetworkMode", str).drop(document, violated)


def _around(document: Document, at: str) -> tuple[dict[str, JSON], str]:
    """The object that holds a field of the body, made where it is missing, and the field's name.

    All objects on the way are copied, so that the old body stays as it was.
    """
    *path, name = at.split(".")
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
