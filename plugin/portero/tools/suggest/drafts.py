"""Drafts of exceptions: narrow matches for what is no site value. Owner, reason and expiry are left to fill in."""

import re
from collections.abc import Iterable, Sequence

from portero.decide.policy.at import follow
from portero.decide.values.dataclass import dataclass, field
from portero.decide.values.json_fields import JSON

# Both are refused when the policy is loaded, until they are filled in.
UNFILLED = ""
UNFILLED_DAY = "YYYY-MM-DD"
_NOT_IN_NAMES = re.compile(r"[^a-z0-9]+")


@dataclass(frozen=True, slots=True)
class RefusedRequest:
    """The parts of a request that an exception can match: an image as docker completes its name, and a user."""

    operation: str
    registry: str = ""
    repository: str = ""
    digest: str = ""
    user: str = ""


@dataclass(frozen=True, slots=True)
class ListEntry:
    """What an exception asks of an entry of a list of the request document, besides the value of `name`."""

    path: tuple[str, ...]
    name: str
    others: tuple[tuple[str, str | bool], ...] = ()


@dataclass(slots=True)
class ExceptionDraft:
    """One exception: the rules that it waives, and for how many requests, the last of them by its number.

    `entry`: whose it is, with one of these `values`, so that no rule is waived for entries that it never refused.
    """

    request: RefusedRequest
    entry: ListEntry | None = None
    values: set[str] = field(default_factory=set)
    rules: set[str] = field(default_factory=set)
    baseline: set[str] = field(default_factory=set)
    count: int = 0
    last: int = 0

    @property
    def id(self) -> str:
        words = [
            self.request.repository.rpartition("/")[2],
            self.request.user,
            self.entry.path[1] if self.entry else "",
        ]
        return _NOT_IN_NAMES.sub("-", "-".join(word for word in words if word).lower()).strip("-") or "requests"

    def make_document(self) -> dict[str, JSON]:
        return {
            "$schema": "../exception.json",
            "dialect": 2,
            "rules": [*sorted(self.rules)],
            "match": {"properties": self._match()},
            "reason": UNFILLED,
            "owner": UNFILLED,
            "expires": UNFILLED_DAY,
        }

    def _match(self) -> dict[str, JSON]:
        request = self.request
        match: dict[str, JSON] = {"operation": {"const": request.operation}}
        if request.user:
            match["identity"] = _drop_empty(user=request.user)
        parts: dict[str, dict[str, JSON]] = {}
        if request.repository:
            named = {"registry": request.registry, "repository": request.repository}
            image = _drop_empty(**named, **({"digest": request.digest} if request.digest else {}))
            parts["facts"] = {"image": image}
        if self.entry:
            pinned: dict[str, JSON] = {self.entry.name: {"enum": [*sorted(self.values)]}}
            pinned |= {name: {"const": value} for name, value in self.entry.others}
            listed: dict[str, JSON] = {"contains": {"properties": pinned}}
            part, first, *below = self.entry.path
            for step in reversed(below):
                listed = {"properties": {step: listed}}
            parts.setdefault(part, {})[first] = listed
        return match | {part: {"properties": properties} for part, properties in parts.items()}


def merge_drafts(drafts: Iterable[ExceptionDraft]) -> list[ExceptionDraft]:
    """The same in fewer: one for entries of the same requests for which the same rules are waived."""
    merged: dict[object, ExceptionDraft] = {}
    for draft in drafts:
        same = (draft.request, draft.entry, frozenset(draft.rules), draft.count, draft.last)
        first = merged.setdefault(same, draft)
        first.values |= draft.values
    return [*merged.values()]


_MOUNTS = ("facts", "mounts")
# Of the other lists of objects an entry says what changes with each container.
_OF_OTHERS = ("objects", "foreign")


def find_entry(path: Sequence[str | int], document: JSON) -> tuple[ListEntry, str] | None:
    """The entry of a list of facts that a violation is about, or the object of others, and its value; None: no such."""
    end = next((number for number, step in enumerate(path) if isinstance(step, int)), 0)
    names = tuple(map(str, path[:end]))
    value = follow(document, path[: end + 1]) if names == _OF_OTHERS or names[:1] == ("facts",) else None
    if not isinstance(value, dict):
        return None
    if names == _MOUNTS:
        source, others = value.get("source"), (("writable", False),) * (value.get("writable") is False)
        return (ListEntry(names, "source", others), source) if isinstance(source, str) else None
    # A part of it, by its name; else all that it says, but for where it stands and what the host made of it.
    parts = path[end + 1 :] or [name for name in value if name not in ("at", "resolution")]
    texts = [(str(name), text) for name in parts if isinstance(text := value.get(str(name)), str)]
    return (ListEntry(names, texts[0][0], tuple(texts[1:])), texts[0][1]) if texts else None


def _drop_empty(**values: str) -> dict[str, JSON]:
    properties: dict[str, JSON] = {name: {"const": value} for name, value in values.items()}
    return {"properties": properties}
