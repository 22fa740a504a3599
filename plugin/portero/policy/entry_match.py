"""The request with only the list entries that a violation is about, for exceptions that look into lists.

A match may look for an entry with `contains`. The entry that it finds must not waive the rule for the other entries, so
the match must hold again without them: in the list of facts, and in the list of the body where `at` leads.
"""

from collections.abc import Iterator, Sequence
from typing import cast

from portero.decision import Violation
from portero.engine import InstancePath
from portero.engine.portable_schema import MANY_SCHEMAS, NAMED_SCHEMAS, ONE_SCHEMA
from portero.policy.place import follow
from portero.spelling import split
from portero.types import JSON

_INTO_A_LIST = ("contains", "items")


def looks_into_lists(match: JSON) -> bool:
    """Whether what a match says can depend on which entries a list has."""
    if not isinstance(match, dict):
        return False
    inner = [match[keyword] for keyword in ONE_SCHEMA if keyword in match]
    for keyword in MANY_SCHEMAS:
        inner += cast(list[JSON], match.get(keyword, []))
    for keyword in NAMED_SCHEMAS:
        inner += cast(dict[str, JSON], match.get(keyword, {})).values()
    return any(keyword in match for keyword in _INTO_A_LIST) or any(looks_into_lists(one) for one in inner)


def narrow(violation: Violation, request: JSON) -> Iterator[JSON]:
    """The request with one entry that the rule refuses at a time, without the other entries of its lists.

    Where the rule fails at a list as a whole, each of its entries is one.
    """
    at = ("body", *split(violation.at))
    for path in dict.fromkeys(_cut(path, request) for path in violation.paths):
        entry = _keep(request, path)
        if path[:1] == ("facts",):
            entry = _keep(entry, at)
        found = follow(request, path)
        if isinstance(found, list) and found:
            inside = tuple(0 if isinstance(step, int) else step for step in path)
            yield from (_keep(entry, (*inside, index)) for index in range(len(found)))
        else:
            yield entry


def _cut(path: InstancePath, request: JSON) -> InstancePath:
    """The path to the last entry of a list, or to a list: what lies below an entry goes with it."""
    if isinstance(follow(request, path), list):
        return path
    return path[: max((number for number, step in enumerate(path, 1) if isinstance(step, int)), default=0)]


def _keep(value: JSON, path: Sequence[str | int]) -> JSON:
    """The value in which each list on the path has only the entry on it; what the path does not reach stays."""
    if not path:
        return value
    step, below = path[0], path[1:]
    if isinstance(value, dict) and isinstance(step, str) and step in value:
        return {**value, step: _keep(value[step], below)}
    if isinstance(value, list) and isinstance(step, int) and step < len(value):
        return [_keep(value[step], below)]
    return value
