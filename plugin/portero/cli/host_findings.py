"""What `portero check` cannot decide away from the host, and what it says once only: decided requests in, the same out.

A path that is not there, or a container that nobody made here, may be harmless on the host for which the file is
meant: that is reported there, and counted here.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from portero.decision import Decision
from portero.recording.request_files import DecidedRequest, FileRequest
from portero.standin.project_objects import ProjectObjects

# They refuse what cannot be seen, whatever it is.
UNSEEN = frozenset({"host-paths-seen", "joined-containers-seen"})
_EXISTING = "existing-container"


def report_unseen(checked: Sequence[DecidedRequest]) -> tuple[list[DecidedRequest], int]:
    """The requests, with findings that depend on the host only reported; and how many these are."""
    count, changed = 0, list[DecidedRequest]()
    for each in checked:
        unseen = [one.rule in UNSEEN and one.action == "deny" for one in each.decision.violations]
        count += sum(unseen)
        violations = tuple(
            replace(one, action="audit") if is_unseen else one
            for one, is_unseen in zip(each.decision.violations, unseen, strict=True)
        )
        changed.append(replace(each, decision=replace(each.decision, violations=violations)))
    return changed, count


def drop_causes_named_elsewhere(request: FileRequest, decision: Decision) -> Decision:
    """The decision without what other requests of the same project are refused for themselves."""
    if not isinstance(request.objects, ProjectObjects):
        return decision
    kept = tuple(one for one in decision.violations if one.rule != _EXISTING)
    suggested = decision.suggestion
    if suggested is not None:
        suggested = replace(suggested, still=tuple(rule for rule in suggested.still if rule != _EXISTING))
    return replace(decision, violations=kept, suggestion=suggested)


def list_assumed(request: FileRequest) -> Iterable[str]:
    """Containers that the project joins and does not make: they count as plain."""
    return request.objects.assumed if isinstance(request.objects, ProjectObjects) else ()
