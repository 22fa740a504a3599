"""A host of plain data, for examples and tests: its moments are all alike, so it is one itself."""

import json
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import cast, get_args

from portero.host.daemon_defaults import DaemonDefaults, parse_daemon_json
from portero.host.path import clean, is_within
from portero.host.peer import Peer
from portero.host.protected import Guarded
from portero.host.view import MAX_LINKS, HostEntry, Kind
from portero.types import JSON

_LINKS = {"/var/run": "/run"}
_SOCKETS = ("/run/docker.sock", "/var/run/docker.sock", "/run/containerd/containerd.sock")
_PARTS = frozenset({"links", "kinds", "sockets", "networks", "visible", "daemon"})


class FixedHost:
    """A host made of plain data, for examples and tests.

    {"links": {"/srv/link": "/etc"}, "kinds": {"/srv/x.sock": "socket"}, "sockets": ["/run/docker.sock"],
    "networks": {"<id>": "host"}, "visible": true, "daemon": {"log-driver": "syslog"}}: each part may be left out, an
    unknown one is a ValueError. `daemon` is the content of daemon.json.
    /var/run is a link to /run; a path that is not named is a directory; a network that is not named has no known name.
    """

    def __init__(self, data: Mapping[str, JSON] | None = None) -> None:
        data = data or {}
        if unknown := sorted(set(data) - _PARTS):
            raise ValueError(f"host: {', '.join(unknown)} is none of {', '.join(sorted(_PARTS))}")
        self._links = _LINKS | {clean(link): target for link, target in _texts(data, "links").items()}
        self._kinds = {clean(path): _kind(kind) for path, kind in _texts(data, "kinds").items()}
        self._networks = MappingProxyType(_texts(data, "networks"))
        self._visible = data.get("visible", True) is True
        self._daemon = parse_daemon_json(json.dumps(data.get("daemon")).encode())
        names = cast(Sequence[str], data.get("sockets", _SOCKETS))
        self._sockets = {clean(name): self._resolve(clean(name)) if self._visible else clean(name) for name in names}
        self._guarded = Guarded(self._sockets)

    def moment(self, peer: Peer | None = None) -> "FixedHost":
        """Itself: it never changes."""
        return self

    def look(self, path: str) -> HostEntry:
        """What is at a cleaned absolute path."""
        if not self._visible:
            return HostEntry(None, "unknown", tuple(sorted(self._guarded.held(path))))
        resolved = self._resolve(path)
        default: Kind = "socket" if resolved in self._sockets.values() else "directory"
        kind = self._kinds.get(resolved, self._kinds.get(path, default))
        return HostEntry(resolved, kind, tuple(sorted(self._guarded.held(path, resolved))))

    def network(self, name: str) -> str | None:
        """The name in the data, None when there is none."""
        return self._networks.get(name)

    def daemon(self) -> DaemonDefaults:
        """The defaults in `daemon`."""
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
