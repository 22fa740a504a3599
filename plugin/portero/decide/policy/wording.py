"""`denial` of a rule file: the few words in which a denial tells of a violation, with what is asked and allowed.

A template from the rule and the site's values; a request document and the paths at which it fails in; words out.
`{name}` is a value of the fact that fails, `{name|other}` the other one where it is empty or missing, `{key}` one of
the site; `{value:size}` writes it as people do. The reason of a rule has `{name}` alone.
"""

import re
from collections.abc import Iterator, Mapping, Sequence, Set
from typing import cast

from portero.decide.policy.at import Failure
from portero.decide.values.dataclass import replace
from portero.decide.values.denial_parts import Wording
from portero.decide.values.go_values import format_size
from portero.decide.values.json_fields import JSON
from portero.decide.values.spelling import make_printable, suggest_name

_PLACEHOLDER = re.compile(r"\{([a-zA-Z-]+(?:\|[a-zA-Z]+)*)(?::(size|count|range))?\}")
_MAX_VALUES = 4
_MAX_VALUE_LENGTH = 80
# What all rules about it say of the root of the host, whichever is the worst.
_MOUNT = "mount"
WHOLE_HOST = "this is the whole host with its keys and the sockets of root: it gives root on the host"
_NOTHING = (None, "", False)
# {{end}} is the end of a template.
_FACT_NAME = re.compile(r"(?<!\{)\{([a-zA-Z]+)\}(?!\})")


def read_wording(rule: str, written: Mapping[str, JSON]) -> Wording:
    """The words of a rule file without faults; a rule without any is an entry by itself."""
    named = {"entry": rule, **written}
    if "part" in written:
        named["part"] = tuple(cast("list[str]", written["part"]))  # type: ignore[assignment]
    return Wording(**named)  # type: ignore[arg-type]


def fill_site_wording(words: Wording, site: Mapping[str, JSON]) -> Wording:
    """The same with the site's values; names of facts stay."""
    return replace(words, allowed=fill_site(words.allowed, site), text=fill_site(words.text, site))


def fill_wording(words: Wording, failures: Sequence[Failure]) -> Wording:
    """The words for one violation, which fails at these places."""
    if words.part is None and not words.requested and "{" not in words.text:
        return words
    _, _, failed, fact = failures[0]
    is_missing = words.part is not None and (failed in _NOTHING or isinstance(failed, list) or not words.requested)
    # What Docker adds was not asked for: the text tells of it.
    shows_figures = not is_missing and fact.get("added") is not True
    is_whole = words.cause == _MOUNT and "/" in cast("list[str]", fact.get("paths", ()))
    part = words.part
    if part is not None:
        part = (part[0], _fill(part[1], fact) + _name_joined(fact)) if is_missing else None
    return Wording(
        words.entry,
        words.order,
        words.cause,
        words.beside,
        part,
        _fill_requested(words.requested, failures) if shows_figures and words.requested else "",
        words.allowed if shows_figures else "",
        WHOLE_HOST if is_whole else _fill(words.text, fact),
        words.cure,
    )


def _fill_requested(requested: str, failures: Sequence[Failure]) -> str:
    asked = dict.fromkeys(_fill(requested, fact) for *_, fact in failures[:_MAX_VALUES])
    if len(failures) == 1 and failures[0][3].get("via") == "host-mount":
        return f"also {next(iter(asked))}, by a link or mount"
    values = [value for value in asked if value]
    more = len(failures) - _MAX_VALUES
    return ", ".join(values) + (f" and {more} more" if more > 0 else "")


def _name_joined(fact: Mapping[str, JSON]) -> str:
    """The container through which a namespace is the host's."""
    container = fact.get("container")
    return f" (through container {make_printable(str(container))[:_MAX_VALUE_LENGTH]})" if container else ""


def fill_site(text: str, site: Mapping[str, JSON]) -> str:
    """The text with the site's values; other names stay."""
    return _fill(text, site, keep=True)


def find_site_faults(written: Mapping[str, JSON], keys: Set[str]) -> Iterator[str]:
    """What is wrong with a `denial` whose shape is right: site values that do not exist. `keys`: the site's."""
    for name, _ in _PLACEHOLDER.findall(cast(str, written.get("allowed", ""))):
        if name not in keys:
            yield f"denial: '{{{name}}}' is not in site.json{suggest_name(name, sorted(keys))}"


def _fill(template: str, values: Mapping[str, JSON], *, keep: bool = False) -> str:
    if "{" not in template:
        return template

    def written(match: re.Match[str]) -> str:
        names = match[1].split("|")
        known = [values[name] for name in names if name in values]
        if not known:
            return match[0] if keep else names[0]
        return _write(next(filter(None, known), known[0]), match[2])

    return _PLACEHOLDER.sub(written, template)


def _write(value: JSON, form: str | None) -> str:
    if isinstance(value, list):
        return (" to " if form == "range" else ", ").join(_write(one, form) for one in value[:_MAX_VALUES])
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        if form in ("size", "count") and value <= 0:
            return "unlimited"
        return format_size(int(value)) if form == "size" else f"{value:.15g}"
    text = make_printable("" if value is None else str(value))
    return text if len(text) <= _MAX_VALUE_LENGTH else text[:_MAX_VALUE_LENGTH] + "..."


def fill_reason(reason: str, request: JSON, path: Sequence[str | int]) -> str:
    """A rule's reason with each {name} replaced by that value of the innermost fact on the path, where it has one."""
    if "{" not in reason:
        return reason
    value, fact = request, cast("dict[str, JSON]", {})
    for step in path:
        value = cast("dict[str | int, JSON]", value)[step]
        fact = value if isinstance(value, dict) else fact
    return _FACT_NAME.sub(lambda name: str(fact.get(name[1], name[1])), reason)


def name_facts(reason: str) -> str:
    """A rule's reason where no request is at hand: NAME for {name}, which is then known."""
    return _FACT_NAME.sub(lambda name: re.sub("(?<=[a-z])(?=[A-Z])", "-", name[1]).upper(), reason)
