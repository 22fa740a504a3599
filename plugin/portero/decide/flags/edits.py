"""What a flag of the docker command line does to a request: the few ways in which flags change bodies.

A request document (schemas/request.json) goes in and gets a new body; its facts are then stale. Where violations are
says what is changed. A value that the flag does not take raises ValueError.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cached_property
from typing import Protocol

from portero.decide.flags import format_values
from portero.decide.values.dataclass import dataclass, field
from portero.decide.values.json_fields import JSON, to_list, to_object

# What follows the name of a place in the request: HostConfig.Binds, HostConfig.Binds[0]
_NAME_ENDS = ("", ".", "[")
Document = dict[str, JSON]
Reader = Callable[[str], JSON]
# How a value of the request is typed behind the flag; empty where nothing was.
Writer = Callable[[JSON], str]


class Violated:
    """Where violations are: whether one is at a place or within it.

    `facts`: those that fail, read when one is needed. They tell entries with the same place apart
    (HostConfig.Sysctls[*]).
    """

    def __init__(self, places: Iterable[str], facts: Iterable[Mapping[str, JSON]] = ()) -> None:
        self._places = tuple(places)
        self._found = facts

    @cached_property
    def facts(self) -> Sequence[Mapping[str, JSON]]:
        return tuple(self._found)

    def __contains__(self, at: str) -> bool:
        return any(each.startswith(at) and each[len(at) : len(at) + 1] in _NAME_ENDS for each in self._places)

    def named(self, names: Iterable[str], key: str = "name") -> list[str]:
        """Those of the names that a fact has under this key; all of them, where no fact has one."""
        wrong = {fact[key] for fact in self.facts if key in fact}
        all_names = list(names)
        return [name for name in all_names if name in wrong] or all_names


NONE = Violated(())


@dataclass(frozen=True, slots=True)
class Change:
    """What an edit did, in values of its flag; a switch has the value "". `removed`: what then has to go.

    `others`: flags and values that have to go as well, since docker does not take both.
    """

    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    others: tuple[tuple[str, str], ...] = ()


NOTHING = Change()


def copy_parents(document: Document, at: str) -> tuple[Document, str]:
    """The object that holds a field of the body, made where it is missing, and the field's name.

    All objects on the way are copied, so that the old body stays as it is.
    """
    *path, name = at.split(".")
    parent = document
    for step in ("body", *path):
        child = dict(to_object(parent.get(step)))
        parent[step] = child
        parent = child
    return parent, name


class Edit(Protocol):
    """One flag in one operation."""

    def add(self, document: Document, value: str, violated: Violated) -> Change:
        """Do what the flag with this value does."""

    def drop(self, document: Document, violated: Violated) -> Change:
        """Undo what the flag did where the violations are."""


@dataclass(frozen=True, slots=True)
class SetField:
    """A flag that sets one field of the body, such as HostConfig.Memory."""

    at: str
    reads: Reader = str
    types: Writer = format_values.scalar

    def add(self, document: Document, value: str, violated: Violated) -> Change:
        parent, name = copy_parents(document, self.at)
        before, parent[name] = parent.get(name), self.reads(value)
        if before == parent[name]:
            return NOTHING
        was = self.types(before)
        return Change((value,), (was,) if was else ())

    def drop(self, document: Document, violated: Violated) -> Change:
        parent, name = copy_parents(document, self.at)
        if self.at not in violated or parent.get(name) in (None, ""):
            return NOTHING  # docker sends fields of flags that were not typed, too
        return Change(removed=(self.types(parent.pop(name)),))

    def typed_value(self, document: Document) -> str:
        parent, name = copy_parents(document, self.at)
        return self.types(parent.get(name))

    def clear(self, document: Document) -> str:
        parent, name = copy_parents(document, self.at)
        return self.types(parent.pop(name, None))


@dataclass(frozen=True, slots=True)
class Switch:
    """A flag without a value, which sets one field."""

    at: str
    on: JSON = True

    def add(self, document: Document, value: str, violated: Violated) -> Change:
        if value:
            raise ValueError("takes no value")
        parent, name = copy_parents(document, self.at)
        before, parent[name] = parent.get(name), self.on
        return Change(("",)) if before != self.on else NOTHING

    def drop(self, document: Document, violated: Violated) -> Change:
        parent, name = copy_parents(document, self.at)
        return Change(removed=("",)) if self.at in violated and parent.pop(name, None) is not None else NOTHING


@dataclass(frozen=True, slots=True)
class Entries:
    """A flag that may be repeated. Entries of one `key` replace each other. `changes`: see mount_flags.py.

    `limits`: how a value changes the entries where violations are, of a flag that adds none.
    """

    at: str
    reads: Reader = str
    key: Callable[[JSON], JSON] = lambda entry: entry  # only equal ones
    types: Writer = str
    changes: Mapping[str, Callable[[JSON], JSON]] = field(default_factory=dict)
    limits: Callable[[str], Callable[[JSON], JSON]] | None = None

    def add(self, document: Document, value: str, violated: Violated) -> Change:
        """Add the entry, which replaces those with its key; or change those that are there."""
        if self.limits is not None:
            return self._change(document, self.limits(value), violated)
        parent, name = copy_parents(document, self.at)
        entry, before = self.reads(value), to_list(parent.get(name))
        if entry in before:
            return NOTHING
        replaced = [other for other in before if self.key(other) == self.key(entry)]
        parent[name] = [*(other for other in before if other not in replaced), entry]
        return Change((value,), tuple(map(self.types, replaced)))

    def drop(self, document: Document, violated: Violated) -> Change:
        parent, name = copy_parents(document, self.at)
        entries = to_list(parent.get(name))
        dropped = [entry for n, entry in enumerate(entries) if f"{self.at}[{n}]" in violated]
        if dropped:
            parent[name] = [entry for n, entry in enumerate(entries) if f"{self.at}[{n}]" not in violated]
        return Change(removed=tuple(map(self.types, dropped)))

    def change(self, document: Document, how: str, violated: Violated) -> Change:
        """Change the entries where violations are, in their place."""
        return self._change(document, self.changes[how], violated) if how in self.changes else NOTHING

    def _change(self, document: Document, changes: Callable[[JSON], JSON], violated: Violated) -> Change:
        parent, name = copy_parents(document, self.at)
        added, removed = [], []
        entries = to_list(parent.get(name))
        for n, entry in enumerate(entries):
            changed = changes(entry) if f"{self.at}[{n}]" in violated else entry
            if changed != entry and format_values.is_whole(self.types(changed)):
                added.append(self.types(changed))
                removed.append(self.types(entry))
                entries = [*entries[:n], changed, *entries[n + 1 :]]
        parent[name] = entries
        return Change(tuple(added), tuple(removed))


@dataclass(frozen=True, slots=True)
class Names:
    """A flag of names and values, `name=value`, that may be repeated. `types`: how a pair is shown.

    `key`: where a fact has the name.
    """

    at: str
    types: Callable[[str, str], str] = format_values.hidden_pair
    key: str = "name"

    def add(self, document: Document, value: str, violated: Violated) -> Change:
        parent, last = copy_parents(document, self.at)
        name, separator, text = value.partition("=")
        if not separator:
            raise ValueError(f"'{value}' has no =")
        before = to_object(parent.get(last))
        if before.get(name) == text:
            return NOTHING
        parent[last] = {**before, name: text}
        return Change((value,), (self.types(name, str(before[name])),) if name in before else ())

    def drop(self, document: Document, violated: Violated) -> Change:
        """Remove the names that the violations are about; all, where they do not tell."""
        parent, last = copy_parents(document, self.at)
        before = to_object(parent.get(last))
        if self.at not in violated or not before:
            return NOTHING
        wrong = violated.named(before, self.key)
        parent[last] = {name: value for name, value in before.items() if name not in wrong}
        return Change(removed=tuple(self.types(name, str(before[name])) for name in wrong))
