"""What `portero check` cannot decide away from the host, and what it says once only: decided requests in, the same out.

A path that is not there, or a container that nobody made here, may be harmless on the host for which the file is
meant: that is reported there, and counted here. So may a file of /etc that is mounted read-only: most are everybody's.
"""

import base64
import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from portero.decision import Decision, Violation
from portero.files.path import clean
from portero.recording.request_files import DecidedRequest, FileRequest
from portero.standin.project_objects import ProjectObjects

# They refuse what cannot be seen, whatever it is.
UNSEEN = frozenset({"host-paths-seen", "joined-containers-seen"})
_EXISTING = "existing-container"
# Refused only where the file is not for everybody, which the host tells.
_SENSITIVE = "no-sensitive-paths"
_BELOW = ("/etc/", "/usr/")
_PLACE = re.compile(r"HostConfig\.(Binds|Mounts)\[([0-9]+)\]")


def report_unseen(checked: Sequence[DecidedRequest]) -> tuple[list[DecidedRequest], int]:
    """The requests, with findings that depend on the host only reported; and how many these are."""
    count, changed = 0, list[DecidedRequest]()
    for each in checked:
        unseen = [
            one.action == "deny" and (one.rule in UNSEEN or _depends_on_mode(each.request, one))
            for one in each.decision.violations
        ]
        count += sum(unseen)
        violations = tuple(
            replace(one, action="audit") if is_unseen else one
            for one, is_unseen in zip(each.decision.violations, unseen, strict=True)
        )
        changed.append(replace(each, decision=replace(each.decision, violations=violations)))
    return changed, count


def _depends_on_mode(request: FileRequest, violation: Violation) -> bool:
    """Whether it is a read-only mount of what may be a file for everybody."""
    named = violation.wording.asked if violation.rule == _SENSITIVE and violation.wording is not None else ""
    place = _PLACE.fullmatch(violation.at)
    if place is None or not clean(named).startswith(_BELOW):
        return False
    try:
        document: Any = json.loads(request.content) if isinstance(request.content, bytes) else request.content
        body = json.loads(base64.b64decode(document["RequestBody"])) if "RequestBody" in document else document["body"]
        entry = body["HostConfig"][place[1]][int(place[2])]
    except (KeyError, IndexError, TypeError, ValueError):
        return False  # written as no client does
    return entry.get("ReadOnly") is True if isinstance(entry, dict) else "ro" in entry.split(":")[-1].split(",")


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
