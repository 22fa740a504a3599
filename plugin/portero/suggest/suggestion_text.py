"""The suggestions as text: a commented site.json, drafts of exceptions, and what is not suggested."""

import json
from collections.abc import Iterator, Mapping

from portero.suggest.collect import WHY, NotSuggested, Suggestions, Wanted
from portero.suggest.drafts import Draft
from portero.values.json_types import JSON

_MOST_LEFT = 40


def lines(suggestions: Suggestions) -> Iterator[str]:
    """For people; the blocks of JSON can be copied, without their comments."""
    refused, legal = suggestions.refused, suggestions.legal
    read = _requests(suggestions.requests)
    yield f"{read} read, {refused} refused or would be; {legal} would be allowed with all this"
    if wanted := suggestions.site_values():
        yield ""
        yield "site.json: each value is for every container of the host"
        yield from _patch(wanted, suggestions.patch())
    for draft in suggestions.drafts():
        yield ""
        yield f"exceptions/{draft.id}.json: {comment(draft)}"
        yield from json_lines(draft.document())
    if left := suggestions.not_suggested():
        yield ""
        yield "Not suggested:"
        yield from (f"  {one.count:>6}  {one.rule}: {why(one)}" for one in left[:_MOST_LEFT])
        if len(left) > _MOST_LEFT:
            yield f"          and {len(left) - _MOST_LEFT} more rules"


def document(suggestions: Suggestions) -> dict[str, JSON]:
    """For machines."""
    return {
        "requests": suggestions.requests,
        "refused": suggestions.refused,
        "wouldBeAllowed": suggestions.legal,
        "site": suggestions.patch(),
        "siteValues": [
            {"key": one.found.key, "value": one.found.value, "rules": [*sorted(one.rules)], "requests": one.count}
            for one in suggestions.site_values()
        ],
        "exceptions": [
            {"id": draft.id, "requests": draft.count, "baseline": [*sorted(draft.baseline)], "draft": draft.document()}
            for draft in suggestions.drafts()
        ],
        "notSuggested": [
            {"rule": one.rule, "why": why(one), "requests": one.count} for one in suggestions.not_suggested()
        ],
    }


def json_lines(content: Mapping[str, JSON]) -> Iterator[str]:
    """A JSON object with a line for each of its names."""
    yield "{"
    for index, (name, value) in enumerate(content.items(), 1):
        yield f"  {json.dumps(name)}: {json.dumps(value)}{',' if index < len(content) else ''}"
    yield "}"


def comment(draft: Draft) -> str:
    """How often a draft would be used, and what it opens."""
    opens = f"; waives {', '.join(sorted(draft.baseline))} of baseline" if draft.baseline else ""
    pinned = "" if draft.asked.digest or not draft.asked.repository else "; pin the image by digest"
    return f"{_requests(draft.count)}{opens}{pinned}"


def why(one: NotSuggested) -> str:
    """Why nothing is suggested for a rule."""
    return f"{WHY[one.why]}: {one.flags}" if one.flags else WHY[one.why]


def _patch(wanted: list[Wanted], patch: dict[str, JSON]) -> Iterator[str]:
    yield "{"
    yield '  "$schema": "site.schema.json",'
    for index, (key, value) in enumerate(patch.items()):
        for one in wanted:
            if one.found.key == key:
                risk = "; baseline: it opens this for all containers" if one.baseline else ""
                asked = json.dumps(one.found.value)
                yield f"  // {_requests(one.count)}: {asked} ({', '.join(sorted(one.rules))}){risk}"
        yield f"  {json.dumps(key)}: {json.dumps(value)}{',' if index < len(patch) - 1 else ''}"
    yield "}"


def _requests(count: int) -> str:
    return f"{count} request{'s'[: count != 1]}"
