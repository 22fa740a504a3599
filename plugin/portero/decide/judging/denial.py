"""The text that a person reads when a request is denied: one screen, worst first, then what to try.

dockerd passes it on unfiltered and unbounded ("authorization denied by plugin NAME: TEXT", docker-facts 3.9), so
Portero bounds the length and replaces control characters. Of the request's values it repeats those that rules name.
"""

from collections.abc import Callable, Iterator
from operator import attrgetter

from portero import __address__
from portero.decide.decision import Decision, Violation
from portero.decide.judging import denial_entries, unknown_fields
from portero.decide.judging.denial_entries import Entry
from portero.decide.values.json_fields import JSON

MAX_LINES = 12
MAX_LISTED = 20
_WIDTH = 80
_MIN_ENTRIES = 2
_MIN_LEFT_OPEN = 4
_MAX_NOTES = 3
# The cause of what is refused as a build, whichever request begins it.
_BUILD = "build"
# What buildx asks for before it builds; people know these as the build.
_OF_BUILDS = frozenset({"ContainerInspect", "Grpc", "ImageCreate", "Session"})
# A longer name has its text right behind it.
_MAX_NAME_LENGTH = 18


def write_denial(decision: Decision) -> str:
    """The denial: what is refused, the entries that fit on a screen, what to try, where to read more."""
    dialect = decision.dialect
    end = [*_write_notes(decision, dialect), *(part for line in _list_try(decision) for part in _wrap(line, "       "))]
    merged = merge_entries(decision)
    # Of the rule: it works for all, without a daemon. The first line has the ID, by which root finds the decision.
    if merged:
        rule = merged[0].group[0].rule
        end.append(f"  more: portero explain {rule}" + (f", {__address__}/rules/{rule}.html" if __address__ else ""))
    end += ["        portero check compose.yaml shows all at once"] if dialect == "compose" else []
    end += [f"  ask: {decision.contact}"] if decision.contact else []
    return "\n".join([_write_headline(decision), *_fit(merged, MAX_LINES - 1 - len(end)), *end])


def list_reasons(decision: Decision, write: Callable[[Entry], str] = attrgetter("text")) -> Iterator[str]:
    """The same entries for commands, a line each, with near misses and what to try. `write`: the words of an entry.

    The rest beyond MAX_LISTED is counted.
    """
    merged = merge_entries(decision)
    width = max((len(entry.name) for entry in merged), default=0)
    yield from (f"  {entry.name:<{width}}  {write(entry)}" for entry in merged[:MAX_LISTED])
    more = len(merged[MAX_LISTED:]) + sum(one.more for one in decision.denials)
    if more:
        yield f"  ... and {more} more"
    near_misses = dict.fromkeys(str(each.near_miss) for each in decision.violations if each.near_miss is not None)
    yield from (f"  near miss: {near_miss}" for near_miss in near_misses)
    yield from _list_try(decision)


def describe_violations(decision: Decision) -> list[JSON]:
    """Each violation as in the log, with reason and remedies: for machines."""
    return [one.entry() | {"reason": one.reason, "remedy": dict(one.remedy)} for one in decision.violations]


def merge_entries(decision: Decision) -> list[Entry]:
    """What refuses, one cause once; without remedies for what the try: line satisfies."""
    denials = decision.denials
    proposed = decision.suggestion if decision.suggestion is not None and decision.suggestion.line else None
    solved: set[str] = set()
    if proposed is not None:
        solved = {violation.rule for violation in denials} - {*proposed.still}
    elif any(violation.at == denial_entries.OUTRIGHT for violation in denials):
        # Limits do not help there.
        solved = {one.rule for one in denials if one.wording is not None and one.wording.part is not None}
    return denial_entries.merge_violations(denials, decision.dialect, solved)


def _write_headline(decision: Decision) -> str:
    operation = decision.subject.operation or "request"
    about_builds = [one for one in decision.violations if one.wording and one.wording.cause == _BUILD]
    # What docker import sends is an archive.
    if operation in _OF_BUILDS and any(one.at != "?fromSrc" for one in about_builds):
        operation = f"Build ({operation})"
    made = f" of {decision.subject.made}" if decision.subject.made else ""
    return f"{operation}{made} refused [{decision.id}]"


def _fit(merged: list[Entry], lines: int) -> list[str]:
    """The worst entries, as many as fit; the names of the rest. What the try: line leaves open goes before the rest."""
    width = min(max((len(entry.name) for entry in merged), default=0), _MAX_NAME_LENGTH)
    shown_entries: dict[str, list[str]] = {}
    used = 0
    for number, entry in enumerate([*merged[:1], *sorted(merged[1:], key=lambda entry: not entry.is_left_open)]):
        text = _wrap(f"  {entry.name:<{width}}  {entry.text}", " " * (width + 4))
        room = lines if number + 1 == len(merged) else lines - 1
        least = _MIN_LEFT_OPEN if entry.is_left_open else _MIN_ENTRIES
        if number >= least and used + len(text) > room:
            break
        shown_entries[entry.name] = text
        used += len(text)
    shown = [line for entry in merged for line in shown_entries.get(entry.name, [])]
    if len(shown_entries) == len(merged):
        return shown
    rest = [entry.name for entry in merged if entry.name not in shown_entries]
    return [*shown, *_wrap(f"  and {len(rest)} more: {', '.join(rest)}", "    ")[:_MIN_ENTRIES]]


def _write_notes(decision: Decision, dialect: str) -> list[str]:
    dropped = [violation for violation in decision.violations if violation.rule == unknown_fields.DROPPED]
    notes = [write_sentence(violation, dialect) for violation in dropped[:_MAX_NOTES]]
    if left := decision.subject.left:
        # The client waits for a removal that dockerd begins only for what ran.
        notes.append(f"docker run --rm goes on waiting: end it with `docker rm {left}` in another shell")
    return [line for note in notes for line in _wrap(f"  note: {note}", "        ")]


def _list_try(decision: Decision) -> list[str]:
    """What to try, and the rules that refuse even that."""
    proposed = decision.suggestion
    if proposed is None or not proposed.line:
        return []
    still = [f"  then still denied by: {', '.join(proposed.still)}"] if proposed.still else []
    return [f"  try: {proposed.line}", *still]


def _wrap(text: str, indent: str) -> list[str]:
    """The text in lines of this width. (textwrap takes a tenth of the time of a whole decision.)

    None begins with a brace: Compose shows no lines of JSON where it builds (docker-facts 12.7). None ends within a
    command in backticks, which people paste, unless it is longer than a line.
    """
    lines: list[str] = []
    in_command = False
    while len(text) > _WIDTH and (ends := _list_ends(text)):
        without_brace = [end for end in ends if not text.startswith("{", end + 1)] or ends
        whole = (end for end in without_brace if not _is_in_command(text, end, in_command=in_command))
        end = next(whole, without_brace[0])
        in_command = _is_in_command(text, end, in_command=in_command)
        lines.append(text[:end].rstrip())
        text = indent + text[end:].lstrip(" ")
    return [*lines, text]


def _list_ends(text: str) -> list[int]:
    """Where a line can end, the longest first; behind the first word where even that is too long; empty for no end."""
    first, ends = len(text) - len(text.lstrip()), []
    at = _WIDTH + 1
    while (at := text.rfind(" ", first + 1, at)) > 0:
        ends.append(at)
    return ends or [at for at in [text.find(" ", first)] if at > 0]


def _is_in_command(text: str, end: int, *, in_command: bool) -> bool:
    """Whether a command in backticks goes on there; `in_command`: whether one does at the beginning."""
    return (text.count("`", 0, end) + in_command) % 2 == 1 and "`" in text[end:]


def write_sentence(violation: Violation, dialect: str) -> str:
    """Where, why and what to do about one violation, the remedy for a user of docker or of compose."""
    remedy = denial_entries.choose_remedy(violation, dialect)
    at = denial_entries.write_place(violation)
    return f"{f'{at}: ' if at else ''}{denial_entries.write_figures(violation) or violation.reason} -> {remedy}"
