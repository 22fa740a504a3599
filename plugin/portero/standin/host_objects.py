"""What exists at the daemon of this host, as commands look at it once: nothing is changed there, and nothing is kept.

In: its sockets. Out: its containers and services beside those that a project makes.
"""

import errno
import os
import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus

from portero.dockerd.api import SECONDS, TimedRequests
from portero.dockerd.daemon import AskingDaemon
from portero.host.view import ListedKind, ObjectKind
from portero.objects.followed_daemon import FollowedDaemon
from portero.objects.lookup import DaemonObjects
from portero.refusals import Refused
from portero.values.json_fields import child, text
from portero.values.json_types import JSON
from portero.values.spelling import count_things

_PROJECT, _SERVICE = "com.docker.compose.project", "com.docker.compose.service"
_WANTED = dict.fromkeys(("Id", "Names", "Labels", "State", "Mounts", "HostConfig"))


@dataclass(frozen=True, slots=True)
class HostObjects:
    """`silent`: why the daemon could not be asked; empty where it answered, or nothing listens there."""

    daemon: DaemonObjects | None = None
    shown: Mapping[str, JSON] = field(default_factory=dict)
    containers: Sequence[Mapping[str, JSON]] = ()
    services: Sequence[Mapping[str, JSON]] = ()
    silent: str = ""

    @property
    def note(self) -> str:
        """For people: whether the containers of the host were looked at; empty where there is no daemon."""
        if self.daemon is not None:
            return f"judged beside the {count_things(len(self.containers), 'container')} of this host"
        return f"not judged beside the containers of this host: {self.silent}" if self.silent else ""

    def list_all(self, kind: ListedKind, replaced: frozenset[tuple[str, str]]) -> Sequence[Mapping[str, JSON]]:
        """`replaced`: projects and services whose containers Compose removes for those that it makes."""
        if kind == "container":
            return [each for each in self.containers if _find_service(child(each, "Labels")) not in replaced]
        return self.services if kind == "service" else ()

    def list_of(self, services: Collection[tuple[str, str]]) -> Sequence[Mapping[str, JSON]]:
        """The containers of services of Compose projects, as the daemon lists them."""
        return [each for each in self.containers if _find_service(child(each, "Labels")) in services]

    def inspect(self, kind: ObjectKind, name: str) -> Mapping[str, JSON] | None:
        """As Objects.inspect, the daemon asked anew; raises Refused (lookup-failed)."""
        lookup = None if self.daemon is None else self.daemon.new_lookup(lambda: None)
        return None if lookup is None else lookup.inspect(kind, name)


NO_OBJECTS = HostObjects()


def look_at_host(addresses: Sequence[str]) -> HostObjects:
    """What exists at the daemon that answers at the first of these sockets that is there, within two seconds."""
    there = next(filter(os.path.lexists, addresses), None)
    if there is None:
        return NO_OBJECTS
    if not os.access(there, os.R_OK | os.W_OK):
        return HostObjects(silent=f"{there}: {os.strerror(errno.EACCES)}")
    daemon, status, began = DaemonObjects(lambda asking: [there], find_followed=_follow_nothing), None, time.monotonic()
    try:
        lookup = daemon.new_lookup(lambda: None)
        listed = TimedRequests([there], None).lists("/containers/json?all=1", _WANTED)
        status, containers = next(listed, (None, []))
        if status not in (None, HTTPStatus.OK):
            return HostObjects(silent=f"{there}: answered with status {status}")
        if lookup is not None and status is not None:
            seen = HostObjects(daemon, lookup.info(), containers, lookup.list_all("service"))
            seen.list_of(())  # labels of another type are refused now
            return seen
    except Refused:
        pass
    if time.monotonic() - began >= SECONDS:
        return HostObjects(silent=f"{there}: no answer within {SECONDS:g} seconds")
    missing = "answer" if status is None else "show its containers, services and /info"
    return HostObjects(silent=f"{there}: dockerd does not {missing}")


def _follow_nothing(asking: AskingDaemon | None) -> FollowedDaemon:
    followed = FollowedDaemon()
    followed.connections.close()
    return followed


def _find_service(labels: Mapping[str, JSON]) -> tuple[str, str]:
    return text(labels, _PROJECT), text(labels, _SERVICE)
