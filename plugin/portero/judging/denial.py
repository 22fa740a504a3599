"""The text that a person reads when a request is denied: one screen, worst first, then what to try.

dockerd passes it on unfiltered and unbounded ("authorization denied by plugin NAME: TEXT", docker-facts 3.9), so
Portero bounds the length and replaces control characters. Of the request's values it repeats those that rules name.
"""

from portero.decision import Decision, Violation
from portero.judging import denial_entries, unknown_fields
from portero.judging.denial_entries import Entry

MAX_LINES = 12
MAX_LISTED = 20
_WIDTH = 80
_MIN_ENTRIES = 2
_MIN_LEFT_OPEN = 4
_MAX_NOTES = 3
# What buildx asks for before it builds; people know these as the build.
_OF_BUILDS = frozenset({"ContainerInspect", "Grpc", "ImageCreate", "Session"})
_BUILD = "build"
# A longer name has its text right behind it.
_MAX_NAME_LENGTH = 18


def write_denial(decision: Decision) -> str:
    """The denial: what is refused, the entries that fit on a screen, what to try, where to read more."""
    dialect = decision.dialect
    denials = [violation for violation in decision.violations if violation.action == "deny"]
    proposed = decision.suggestion if decision.suggestion is not None and decision.suggestion.line else None
    solved = {violation.rule for violation in denials} - {*proposed.still} if proposed is not None else set[str]()
    merged = denial_entries.merge_violations(denials, dialect, solved)
    end = [*_write_notes(decision, dialect), *(part for line in _list_try(decision) for part in _wrap(line, "       "))]
    end += [f"  more: portero explain {decision.id}"]
    end += ["        portero check compose.yaml shows all at once"] if dialect == "compose" else []
    return "\n".join([_headline(decision), *_fit(merged, MAX_LINES - 1 - len(end)), *end])


def list_violations(decision: Decision) -> str:
    """Every denying violation with reason and remedy, one a line: for files that are checked, without a log to look in.

    The rest beyond MOST_LISTED is counted.
    """
    denials = [violation for violation in decision.violations if violation.action == "deny"]
    width = max((len(violation.rule) for violation in denials), default=0)
    dialect = decision.dialect
    lines = [f"  {one.rule:<{width}}  {write_sentence(one, dialect)}" for one in denials[:MAX_LISTED]]
    more = len(denials[MAX_LISTED:]) + sum(violation.more for violation in denials)
    rest = [f"  ... and {more} more"] if more else []
    return "\n".join([_headline(decision), *lines, *rest, *_list_try(decision)])


def _headline(decision: Decision) -> str:
    operation = decision.subject.operation or "request"
    if operation in _OF_BUILDS and any(one.wording and one.wording.cause == _BUILD for one in decision.violations):
        operation = f"Build ({operation})"
    return f"{operation} refused [{decision.id}]"


def _fit(merged: list[Entry], lines: int) -> list[str]:
    """The worst entries, as many as fit; the names of the rest. What the try: line leaves open goes before the rest."""
    width = min(max((len(entry.name) for entry in merged), default=0), _MAX_NAME_LENGTH)
    shown_entries = dict[str, list[str]]()
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
    return [
        line
        for violation in dropped[:_MAX_NOTES]
        for line in _wrap(f"  note: {write_sentence(violation, dialect)}", "        ")
    ]


def _list_try(decision: Decision) -> list[str]:
    line = decision.suggestion.line if decision.suggestion is not None else ""
    return [f"  try: {line}", *list_left_open(decision)] if line else []


def list_left_open(decision: Decision) -> list[str]:
    """The line about rules that refuse even what is proposed; none where there are none."""
    still = decision.suggestion.still if decision.suggestion is not None else ()
    return [f"  then still refused by: {', '.join(still)}"] if still else []


def _wrap(text: str, indent: str) -> list[str]:
    """The text in lines of this width. (textwrap takes a tenth of the time of a whole decision.)"""
    lines: list[str] = []
    while len(text) > _WIDTH:
        end = text.rfind(" ", 0, _WIDTH + 1)
        if not text[: max(end, 0)].strip():
            # The first word is too long for a line.
            end = text.find(" ", len(text) - len(text.lstrip()))
            if end < 0:
                break
        lines.append(text[:end].rstrip())
        text = indent + text[end:].lstrip(" ")
    return [*lines, text]


def write_sentence(violation: Violation, dialect: str) -> str:
    """Where, why and what to do about one violation, the remedy for a user of docker or of compose."""
    remedy = denial_entries.choose_remedy(violation, dialect)
    at = denial_entries.write_place(violation)
    return f"{f'{at}: ' if at else ''}{denial_entries.write_figures(violation) or violation.reason} -> {remedy}"
