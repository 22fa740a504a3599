"""What `portero check` cannot decide away from the host, and what it says once only: decided requests in, the same out.

A path that is not there, or a container that nobody made here, may be harmless on the host for which the file is
meant: that is reported there, and counted here. So may a file of /etc that is mounted read-only: most are everybody's.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from portero.decision import Violation
from portero.files.path import clean
from portero.recording.request_files import DecidedRequest, FileRequest
from portero.standin.project_objects import ProjectObjects
from portero.values.json_fields import objects, text
from portero.values.json_types import JSON

# They refuse what cannot be seen, whatever it is.
UNSEEN = frozenset({"host-paths-seen", "joined-containers-seen"})
# Refused only where the file is not for everybody, which the host tells.
_SENSITIVE = "no-sensitive-paths"
_BELOW = ("/etc/", "/usr/")


def report_unseen(checked: Sequence[DecidedRequest]) -> tuple[list[DecidedRequest], int]:
    """The requests, with findings that depend on the host only reported; and how many these are."""
    count, changed = 0, list[DecidedRequest]()
    for each in checked:
        unseen = [
            one.action == "deny" and (one.rule in UNSEEN or _depends_on_mode(each.facts, one))
            for one in each.decision.violations
        ]
        count += sum(unseen)
        violations = tuple(
            replace(one, action="audit") if is_unseen else one
            for one, is_unseen in zip(each.decision.violations, unseen, strict=True)
        )
        changed.append(replace(each, decision=replace(each.decision, violations=violations)))
    return changed, count


def _depends_on_mode(facts: Mapping[str, JSON], violation: Violation) -> bool:
    """Whether it is a read-only mount of what may be a file for everybody."""
    if violation.rule != _SENSITIVE or violation.wording is None:
        return False
    mounted = next((mount for mount in objects(facts, "mounts") if text(mount, "at") == violation.at), {})
    return clean(violation.wording.asked).startswith(_BELOW) and mounted.get("writable") is False


def list_assumed(request: FileRequest) -> Iterable[str]:
    """Containers that the project joins and does not make: they count as plain."""
    return request.objects.assumed if isinstance(request.objects, ProjectObjects) else ()
