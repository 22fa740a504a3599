"""What the host says about paths, networks and the daemon: questions (HostView), answers, and a host of plain data.

Nothing here touches files or sockets; hostfiles.py and daemon.py do.
"""

import re
from dataclasses import dataclass
from typing import Literal, Protocol

from portero.host.daemon_defaults import DaemonDefaults

Kind = Literal["directory", "file", "socket", "device", "missing", "unknown"]

# A swarm's network ID (moby/swarmkit identity/randomid.go: 25 digits to base 36) or a local one, whole or cut short.
_NETWORK_ID = re.compile(r"[0-9a-z]{25}|[0-9a-f]{12,64}")
_BEGINNING_OF_ID = re.compile(r"[0-9a-z]{1,25}|[0-9a-f]{1,64}")

# More links than the kernel follows (MAXSYMLINKS, include/linux/namei.h).
MAX_LINKS = 40


@dataclass(frozen=True, slots=True)
class Place:
    """What lies at a path of the host."""

    resolved: str | None  # after symbolic links; None: they could not be followed
    kind: Kind
    holds: tuple[str, ...]  # daemons' sockets at or below this place; portero's own files there, or around it


class HostView(Protocol):
    """The questions that facts ask of the host."""

    def moment(self) -> "HostView":
        """The host as one request sees it; what is asked of it twice may be looked up once."""
        ...

    def look(self, path: str) -> Place:
        """What lies at a cleaned absolute path."""
        ...

    def network(self, name: str) -> str | None:
        """The name behind a network ID; None: it could not be found out."""
        ...

    def daemon(self) -> DaemonDefaults:
        """What the daemon gives to containers and networks that do not say."""
        ...


def is_network_id(name: str) -> bool:
    """Whether this looks like a network's ID, whole or cut to the length that Docker shows."""
    return _NETWORK_ID.fullmatch(name) is not None


def may_begin_network_id(name: str) -> bool:
    """Whether Docker may take this for the beginning of an ID: it completes any that no network has as its name."""
    return _BEGINNING_OF_ID.fullmatch(name) is not None
