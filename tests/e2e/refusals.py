"""Reads a denial that a person sees back into the rules that refuse.

The denial tells those with one cause together; the decision log has each, so it is looked up there by the decision's
ID. Where the log is not known (another plugin, a log elsewhere), the names in the text count.
"""

import json
import re
from pathlib import Path

REFUSED = "authorization denied by plugin portero"
# A name stands alone where its place is too long for the line.
_ENTRY = re.compile(r"^  (?!then |and )([a-z0-9-]+)(?: +\S|$)", re.MULTILINE)
_ID = re.compile(r"refused \[(d-[0-9a-f]{12})\]")
# The decision logs of the throw-away hosts of this session.
LOGS: list[Path] = []


def refusing(text: str) -> list[str]:
    """The rule ids and refusal codes behind all denials of a text, one for each place; empty when there is none."""
    if REFUSED not in text:
        return []
    # curl shows dockerd's JSON, in which the lines are still escaped.
    plain = text.replace("\\n", "\n")
    denial = plain[plain.index(REFUSED) :]
    logged = [_logged(id) for id in _ID.findall(denial)]
    if not logged or None in logged:
        return _ENTRY.findall(denial)
    return [rule for rules in logged for rule in rules or ()]


def _logged(id: str) -> list[str] | None:
    mark = id.encode()
    for log in LOGS:
        lines = log.read_bytes().splitlines() if log.exists() else []
        for line in lines:
            if mark in line:
                violations = json.loads(line)["violations"]
                return [violation["rule"] for violation in violations if violation["action"] == "deny"]
    return None
