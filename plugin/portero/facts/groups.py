"""The groups of a container's process, added ones and the primary one of `User`.

A name is looked up in the /etc/group of the image, a number is the host's (moby/sys user, GetAdditionalGroups and
GetExecUser): both count.
"""

import re

from portero.types import JSON

_NUMBER = re.compile(r"[+-]?[0-9]{1,20}", re.ASCII)


def read_groups(added: list[str], at: str) -> list[JSON]:
    """Of GroupAdd, and of a service's Groups."""
    return [{"name": _canonical(group), "primary": False, "at": f"{at}[{index}]"} for index, group in enumerate(added)]


def read_primary(user: str, at: str) -> list[JSON]:
    """Of `user:group`; none when no group is given. What follows a second colon is ignored."""
    group = user.split(":")[1] if ":" in user else ""
    return [{"name": _canonical(group), "primary": True, "at": at}] if group else []


def _canonical(group: str) -> str:
    """Numbers as strconv reads them: +06 is 6."""
    return str(int(group)) if _NUMBER.fullmatch(group) else group
