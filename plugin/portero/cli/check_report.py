"""How `portero check` shows a decision: for people, and as a line for machines."""

from collections.abc import Iterator

from portero.judging import denial
from portero.recording.request_files import DecidedRequest
from portero.values.json_types import JSON

# A misspelt field is not what the user wanted, also where it is only logged.
_DID_YOU_MEAN = "did you mean"


def make_line(checked: DecidedRequest) -> dict[str, JSON]:
    """For machines: the line of the decision log, with the file and the line of each violation that has one."""
    violations: list[JSON] = []
    for violation in checked.decision.violations:
        file, line = checked.request.locate(violation.at)
        violations.append(violation.entry() | ({"file": file, "line": line} if line is not None else {}))
    return {"file": checked.request.location, **checked.decision.line(microseconds=0), "violations": violations}


def list_lines(checked: DecidedRequest) -> Iterator[str]:
    """For people: the reply as dockerd shows it, and what is only logged."""
    decision = checked.decision
    if not decision.allowed:
        headline, *others = denial.list_violations(decision).split("\n")
        yield from (f"{checked.request.location}: {headline}", *others)
        for (file, line), rules in _group_by_line(checked).items():
            yield f"  {file}:{line}: {', '.join(rules)}"
        near_misses = dict.fromkeys(str(each.near_miss) for each in decision.violations if each.near_miss is not None)
        yield from (f"  near miss: {near_miss}" for near_miss in near_misses)
        return
    yield f"{checked.request.location}: allowed {decision.subject.operation}"
    for violation in decision.violations:
        how = f"waived by {violation.exception}" if violation.exception else "logged only"
        misspelt = f": {violation.reason}" if _DID_YOU_MEAN in violation.reason else ""
        yield f"  {how}: {violation.rule}  {violation.at}{misspelt}"


def _group_by_line(checked: DecidedRequest) -> dict[tuple[str, int], dict[str, None]]:
    """The rules that refuse, by the line of the property; of the file's order."""
    found: dict[tuple[str, int], dict[str, None]] = {}
    for violation in checked.decision.violations:
        place = checked.request.find_line(violation.at) if violation.action == "deny" else None
        if place is not None and place != (checked.request.file, checked.request.line):
            found.setdefault(place, {})[violation.rule] = None
    return dict(sorted(found.items()))
