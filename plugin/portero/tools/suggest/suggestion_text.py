"""The suggestions as text: a commented site.json, drafts of exceptions, and what is not suggested."""

import json
from collections.abc import Iterator, Mapping, Sequence

from portero.decide.values.json_fields import JSON
from portero.decide.values.spelling import count_things
from portero.tools.suggest.drafts import ExceptionDraft
from portero.tools.suggest.suggestions import WHY, NotSuggested, Suggestions, WantedValue

_MAX_LISTED = 40


def list_lines(suggestions: Suggestions) -> Iterator[str]:
    """For people; the blocks of JSON can be copied, without their comments."""
    refused, legal = suggestions.refused, suggestions.legal
    read = count_things(suggestions.requests, "request")
    yield f"{read} read, {refused:,} denied or would be; {legal:,} would be allowed with all this"
    if wanted := suggestions.list_site_values():
        yield ""
        yield "site.json: each value is for every container of the host"
        comments: dict[str, list[str]] = {}
        for one in wanted:
            comments.setdefault(one.value.key, []).append(_explain_value(one))
        yield from list_json_lines({"$schema": "site.schema.json", **suggestions.make_patch()}, comments)
    for name, draft in suggestions.name_drafts().items():
        yield ""
        yield f"exceptions/{name}.json: {list_comments(draft)}"
        yield from list_json_lines(draft.make_document())
    if left := suggestions.list_not_suggested():
        yield ""
        yield "Not suggested:"
        yield from (f"  {one.count:>6}  {one.rule}: {explain(one)}" for one in left[:_MAX_LISTED])
        if len(left) > _MAX_LISTED:
            yield f"          and {len(left) - _MAX_LISTED} more rules"


def describe(suggestions: Suggestions) -> dict[str, JSON]:
    return {
        "requests": suggestions.requests,
        "refused": suggestions.refused,
        "wouldBeAllowed": suggestions.legal,
        "site": suggestions.make_patch(),
        "siteValues": [
            {"key": one.value.key, "value": one.value.value, "rules": [*sorted(one.rules)], "requests": one.count}
            for one in suggestions.list_site_values()
        ],
        "exceptions": [
            {"id": name, "requests": draft.count, "baseline": [*sorted(draft.baseline)], "draft": draft.make_document()}
            for name, draft in suggestions.name_drafts().items()
        ],
        "notSuggested": [
            {"rule": one.rule, "why": explain(one), "requests": one.count} for one in suggestions.list_not_suggested()
        ],
    }


def list_json_lines(content: Mapping[str, JSON], comments: Mapping[str, Sequence[str]] | None = None) -> Iterator[str]:
    """A JSON object with a line for each of its names, below what `comments` says of it."""
    yield "{"
    for index, (name, value) in enumerate(content.items(), 1):
        yield from (f"  // {comment}" for comment in (comments or {}).get(name, ()))
        yield f"  {json.dumps(name)}: {json.dumps(value)}{',' if index < len(content) else ''}"
    yield "}"


def list_comments(draft: ExceptionDraft) -> str:
    """How often a draft would be used, and what it opens."""
    opens = f"; waives {', '.join(sorted(draft.baseline))} of baseline" if draft.baseline else ""
    pinned = "" if draft.request.digest or not draft.request.repository else "; pin the image by digest"
    return f"{count_things(draft.count, 'request')}{opens}{pinned}"


def explain(one: NotSuggested) -> str:
    return f"{WHY[one.why]}: {one.flags}" if one.flags else WHY[one.why]


def _explain_value(one: WantedValue) -> str:
    risk = "; baseline: it opens this for all containers" if one.baseline else ""
    number = count_things(one.count, "request")
    return f"{number}: {json.dumps(one.value.value)} ({', '.join(sorted(one.rules))}){risk}"
