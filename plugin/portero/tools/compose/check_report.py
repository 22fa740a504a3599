"""Decisions of `portero check`, for people and as lines for machines: what is refused first, the verdict last.

People read the words of the file: its own spelling of a path, services instead of the IDs of their containers.
"""

import os
import re
from collections.abc import Iterable, Iterator, Sequence

from portero.decide.decision import Violation
from portero.decide.judging import denial
from portero.decide.judging.denial_entries import Entry
from portero.decide.values.dataclass import dataclass, replace
from portero.decide.values.docker_names import COMPOSE_SERVICE
from portero.decide.values.json_fields import JSON, objects, text
from portero.decide.values.path import clean
from portero.decide.values.spelling import count_things
from portero.tools.compose.project_files import MAX_BYTES
from portero.tools.recording.request_files import DecidedRequest
from portero.tools.standin.trial_objects import ProjectObjects

# A misspelt field is not what the user wanted, also where it is only logged.
_DID_YOU_MEAN = "did you mean"
_LINE = re.compile(r":\d+$")


@dataclass(frozen=True, slots=True)
class ReportNotes:
    """What people read besides decisions. `warnings`: of Compose. `on_host`: how many findings only the host tells.

    `beside`: whether the containers of this host were looked at.
    """

    warnings: Sequence[str] = ()
    on_host: int = 0
    beside: str = ""


_NO_NOTES = ReportNotes()


def make_line(checked: DecidedRequest) -> dict[str, JSON]:
    """For machines: the line of the decision log, with the file and the line of each violation that has one."""
    violations: list[JSON] = []
    for violation in checked.decision.violations:
        file, line = checked.request.locate(violation.at)
        violations.append(violation.entry() | ({"file": file, "line": line} if line is not None else {}))
    return {"file": checked.request.location, **checked.decision.line(microseconds=0), "violations": violations}


def list_report(
    checked: Sequence[DecidedRequest], notes: ReportNotes = _NO_NOTES, *, show_all: bool = False
) -> Iterator[str]:
    """For people: each refused request once, those refused for the same reasons together; then what is only counted."""
    refused = [each for each in checked if not each.decision.allowed]
    allowed = [each for each in checked if each.decision.allowed]
    by_reasons: dict[tuple[str, ...], list[DecidedRequest]] = {}
    for each in refused:
        by_reasons.setdefault(tuple(list_reasons(each)), []).append(each)
    for reasons, group in by_reasons.items():
        where = ", ".join(dict.fromkeys(each.request.location for each in group))
        yield f"{where}: {group[0].decision.subject.operation or 'request'} denied"
        yield from reasons
    for each in allowed:
        lines = [*_list_allowed(each)]
        yield from lines if show_all else lines[1:] if any(_DID_YOU_MEAN in line for line in lines) else ()
    yield from (f"warning: {warning}" for warning in notes.warnings)
    yield from _count(allowed, refused, notes, show_all=show_all)


def _count(
    allowed: Sequence[DecidedRequest], refused: Sequence[DecidedRequest], notes: ReportNotes, *, show_all: bool
) -> Iterator[str]:
    advised = sum(one.action == "audit" for each in (*allowed, *refused) for one in each.decision.violations)
    if not show_all and ((allowed and refused) or advised):
        others = f"{count_things(len(allowed), 'request')} allowed, " if allowed else ""
        yield f"{others}{count_things(advised, 'advisory finding')}: --all"
    if notes.on_host:
        depends = "depends" if notes.on_host == 1 else "depend"
        yield f"{count_things(notes.on_host, 'finding')} {depends} on the host: run portero check there"
    yield from filter(None, [notes.beside])
    total = len(allowed) + len(refused)
    requests = count_things(total, "request")
    yield f"denied: {len(refused)} of {requests}" if refused else f"allowed: {requests}"


def list_reasons(checked: DecidedRequest, *, with_try: bool = True) -> Iterator[str]:
    """The rules that refuse, those of one cause once, each with its place in the file; what would pass."""
    decision = checked.decision
    proposed = decision.suggestion if with_try else None
    if proposed is not None:
        deploys = checked.request.deploys
        line = proposed.line if deploys is None or not proposed.homes else proposed.homes[deploys]
        proposed = replace(proposed, line=name_services(checked, line))
    located = tuple(_locate(checked, one) if one.action == "deny" else one for one in decision.violations)
    return denial.list_reasons(replace(decision, violations=located, suggestion=proposed), _write_entry)


def _write_entry(entry: Entry) -> str:
    """Its words, and the lines of the file that they do not name."""
    lines = dict.fromkeys(one.at for one in entry.group if _LINE.search(one.at) and one.at not in entry.text)
    return f"{', '.join(lines)}: {entry.text}" if lines else entry.text


def _locate(checked: DecidedRequest, violation: Violation) -> Violation:
    """The violation at a line of the file, where that is not the line of the whole request."""
    line = checked.request.find_line(violation.at)
    violation = spell_as_in_file(checked, violation)
    if line is None or line == (checked.request.file, checked.request.line):
        return violation
    return replace(violation, at=f"{line[0]}:{line[1]}")


def _list_allowed(checked: DecidedRequest) -> Iterable[str]:
    yield f"{checked.request.location}: allowed {checked.decision.subject.operation}"
    for violation in checked.decision.violations:
        how = f"waived by {violation.exception}" if violation.exception else "logged only"
        misspelt = f": {violation.reason}" if _DID_YOU_MEAN in violation.reason else ""
        yield f"  {how}: {violation.rule}  {violation.at}{misspelt}"


_BETWEEN = re.compile(r"[\s\"'\[\]{},:=]+")
# A mount in the long form has its source below the line of the entry.
_ENTRY_LINES = 5
# What goes on after a name makes it another one.
_ENDS = r"(?![\w.-])"


def spell_as_in_file(checked: DecidedRequest, violation: Violation) -> Violation:
    """The violation as who wrote the file calls things."""
    names = {**dict(_list_services(checked)), **dict(_list_paths(checked))}
    if not names:
        return violation
    mounts = objects(checked.facts, "mounts")
    whole = next((text(mount, "source") for mount in mounts if text(mount, "at") == violation.at), "")
    pattern = re.compile(f"(?:{'|'.join(map(re.escape, sorted(names, reverse=True)))}){_ENDS}")

    def write(words: str) -> str:
        # A long path is cut in what is asked.
        if words.endswith("...") and whole in names and whole.startswith(words.removesuffix("...")):
            return names[whole]
        return pattern.sub(lambda found: names[found[0]], words)

    wording = violation.wording
    if wording is not None:
        part = wording.part and (write(wording.part[0]), write(wording.part[1]))
        wording = replace(wording, requested=write(wording.requested), text=write(wording.text), part=part)
    return replace(violation, reason=write(violation.reason), wording=wording)


def name_services(checked: DecidedRequest, line: str) -> str:
    """The text of a proposal with the services whose containers it names."""
    for id, service in _list_services(checked):
        line = line.replace(f"container:{id}", f"service:{service}")
    return line


def _list_services(checked: DecidedRequest) -> Iterator[tuple[str, str]]:
    existing = checked.request.objects
    for each in existing.state.containers.values() if isinstance(existing, ProjectObjects) else ():
        yield each.id, str(each.labels.get(COMPOSE_SERVICE) or each.name)


def _list_paths(checked: DecidedRequest) -> Iterator[tuple[str, str]]:
    for mount in objects(checked.facts, "mounts"):
        line, source = checked.request.find_line(text(mount, "at")), text(mount, "source")
        if line is not None and source.startswith("/"):
            yield source, _find_spelling(*line, source)


def _find_spelling(file: str, number: int, path: str) -> str:
    """What the line of the file calls a host path; the path where it does not say it, such as by a variable."""
    try:
        with open(file, encoding="utf-8", errors="replace") as opened:
            lines = opened.read(MAX_BYTES).splitlines()
    except OSError:
        return path  # it only reads worse
    folder = os.path.dirname(os.path.abspath(file))
    words = _BETWEEN.split(" ".join(lines[number - 1 : number - 1 + _ENTRY_LINES]))
    named = (word for word in words if word and clean(os.path.join(folder, os.path.expanduser(word))) == path)
    return next(named, path)
