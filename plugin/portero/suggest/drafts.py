"""Drafts of exceptions: narrow matches for what is no site value. Owner, reason and expiry are left to fill in."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from portero.values.json_types import JSON

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


@dataclass(slots=True)
class ExceptionDraft:
    """One exception: the rules that it waives, and for how many requests, the last of them by its number.

    `sources`: of the mounts that it is about; unless `writable`, only while they are read-only.
    """

    request: RefusedRequest
    rules: set[str] = field(default_factory=set)
    baseline: set[str] = field(default_factory=set)
    sources: set[str] = field(default_factory=set)
    count: int = 0
    writable: bool = True
    last: int = 0

    @property
    def id(self) -> str:
        words = [self.request.repository.rpartition("/")[2], self.request.user, "mounts" if self.sources else ""]
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
        facts: dict[str, JSON] = {}
        if request.repository:
            named = {"registry": request.registry, "repository": request.repository}
            facts["image"] = _drop_empty(**named, **({"digest": request.digest} if request.digest else {}))
        if self.sources:
            mount: dict[str, JSON] = {"source": {"enum": [*sorted(self.sources)]}}
            mount |= {} if self.writable else {"writable": {"const": False}}
            facts["mounts"] = {"contains": {"properties": mount}}
        if facts:
            match["facts"] = {"properties": facts}
        return match


def merge_drafts(drafts: Iterable[ExceptionDraft]) -> list[ExceptionDraft]:
    """The same in fewer: mounts of the same requests for which the same rules are waived are one exception.

    No other ones are: a rule would be waived for a mount that it never refused.
    """
    merged: dict[object, ExceptionDraft] = {}
    for draft in drafts:
        same = (draft.request, draft.writable, bool(draft.sources), frozenset(draft.rules), draft.count, draft.last)
        first = merged.setdefault(same, draft)
        first.sources |= draft.sources
    return [*merged.values()]


def _drop_empty(**values: str) -> dict[str, JSON]:
    properties: dict[str, JSON] = {name: {"const": value} for name, value in values.items()}
    return {"properties": properties}
