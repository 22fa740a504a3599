"""What the host says about paths, networks and the daemon: questions (HostView), answers, and a host of plain data.

Nothing here touches files or sockets; hostfiles.py and daemon.py do.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal, Protocol, cast, get_args

from portero.daemondefaults import DaemonDefaults, parse
from portero.hostpath import clean, is_within
from portero.types import JSON

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


class Guarded:
    """Places to protect; `places` maps each as it was named to where it really lies."""

    def __init__(self, places: Mapping[str, str]) -> None:
        self._places = places
        self._lines = "".join(f"\n{name}/\n{real}/" for name, real in places.items())

    def held(self, *folders: str) -> frozenset[str]:
        """Those that really are or are named at or below one of these folders, as they really lie."""
        # What lies below a folder begins as the folder does: one look at the text tells that nothing does.
        if not any(folder == "/" or f"\n{folder}/" in self._lines for folder in folders):
            return frozenset()
        return frozenset(
            real
            for name, real in self._places.items()
            if any(is_within(name, folder) or is_within(real, folder) for folder in folders)
        )


_LINKS = {"/var/run": "/run"}
_SOCKETS = ("/run/docker.sock", "/var/run/docker.sock", "/run/containerd/containerd.sock")
_PARTS = frozenset({"links", "kinds", "sockets", "networks", "visible", "daemon"})


class FixedHost:
    """A host made of plain data, for examples and tests.

    {"links": {"/srv/link": "/etc"}, "kinds": {"/srv/x.sock": "socket"}, "sockets": ["/run/docker.sock"],
    "networks": {"<id>": "host"}, "visible": true, "daemon": {"log-driver": "syslog"}}: each part may be left out, none
    may be misspelt (ValueError). `daemon` is what daemon.json holds.
    /var/run is a link to /run; what is not named is a directory; a network that is not named cannot be found out.
    """

    def __init__(self, data: Mapping[str, JSON] | None = None) -> None:
        data = data or {}
        if unknown := sorted(set(data) - _PARTS):
            raise ValueError(f"host: {', '.join(unknown)} is none of {', '.join(sorted(_PARTS))}")
        self._links = _LINKS | {clean(link): target for link, target in _texts(data, "links").items()}
        self._kinds = {clean(path): _kind(kind) for path, kind in _texts(data, "kinds").items()}
        self._networks = MappingProxyType(_texts(data, "networks"))
        self._visible = data.get("visible", True) is True
        self._daemon = parse(json.dumps(data.get("daemon")).encode())
        names = cast(Sequence[str], data.get("sockets", _SOCKETS))
        self._sockets = {clean(name): self._resolve(clean(name)) if self._visible else clean(name) for name in names}
        self._guarded = Guarded(self._sockets)

    def moment(self) -> "FixedHost":
        """Itself: it never changes."""
        return self

    def look(self, path: str) -> Place:
        """What the data says about a cleaned absolute path."""
        if not self._visible:
            return Place(None, "unknown", tuple(sorted(self._guarded.held(path))))
        resolved = self._resolve(path)
        default: Kind = "socket" if resolved in self._sockets.values() else "directory"
        kind = self._kinds.get(resolved, self._kinds.get(path, default))
        return Place(resolved, kind, tuple(sorted(self._guarded.held(path, resolved))))

    def network(self, name: str) -> str | None:
        """The name in the data, None when there is none."""
        return self._networks.get(name)

    def daemon(self) -> DaemonDefaults:
        """What the data says of the daemon."""
        return self._daemon

    def _resolve(self, path: str) -> str:
        """The path after links; a path in a circle of links is left as it is."""
        seen = path
        for _ in range(MAX_LINKS):
            link = self._first_link(seen)
            if link is None:
                return seen
            # A relative target counts from the folder of the link.
            target = self._links[link]
            start = target if target.startswith("/") else f"{link}/../{target}"
            seen = clean(start + seen[len(link) :])
        return path

    def _first_link(self, path: str) -> str | None:
        """The link that the kernel meets first when it walks this path."""
        return min((link for link in self._links if is_within(path, link)), key=len, default=None)


def _texts(data: Mapping[str, JSON], part: str) -> dict[str, str]:
    return dict(cast(Mapping[str, str], data.get(part, {})))


def _kind(text: str) -> Kind:
    if text not in get_args(Kind):
        raise ValueError(f"host: a kind is one of {', '.join(get_args(Kind))}")
    return cast(Kind, text)
