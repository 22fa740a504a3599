"""Whether the Go template in the tag of a log driver can make a control character: the tag in, a flag out.

A field of the container's command, environment or labels may hold one, and so does what has all of them: `{{.}}`.
"""

import re
from itertools import islice

from portero.decide.facts.templates import MAX_ACTIONS, list_actions

# What no request and no image gives any text (moby daemon/logger/loginfo.go).
_FIELDS = frozenset(
    {
        *("ID", "FullID", "Name", "ImageID", "ImageFullID", "ImageName", "DaemonName", "Hostname", "LogPath"),
        *("ContainerID", "ContainerName", "ContainerImageID", "ContainerImageName", "ContainerCreated"),
    }
)
_FIELD = re.compile(r"[.$]\w*")
_WORD = re.compile(r"(?<![\w.$])[a-z]+")
# Letters by their number, in a quoted text or by a function.
_ESCAPES = re.compile(r"\\|print")


def may_hold_control(tag: str) -> bool:
    """What is too long to be read may."""
    if "{{" not in tag:
        return False
    actions = [*islice(list_actions(tag), MAX_ACTIONS + 1)]
    return len(actions) > MAX_ACTIONS or _ESCAPES.search(tag) is not None or not _has_known_fields(actions)


def _has_known_fields(actions: list[str]) -> bool:
    """Whether each field is known; the dot alone is one that `with` has chosen."""
    inside = list[bool]()
    for code in actions:
        words = [*_WORD.findall(code), ""]
        chosen = any(inside) and "else" not in words
        for field in _FIELD.findall(code):
            if field[1:] not in _FIELDS and not (field == "." and chosen):
                return False
        if words[0] in ("if", "with"):
            inside.append(words[0] == "with")
        elif words[0] == "else":
            inside = [False] * len(inside)
        elif words[0] == "end":
            inside = inside[:-1]
    return True
