"""Reads ahead for the picture of one daemon, in a thread: its events, its lists once, and what requests changed.

What happens without a request comes by events. They are late, and dockerd drops them for slow readers: so they are
the check, and requests with their answers lead. An end of the stream begins anew.
"""

import logging
import random
import select
import socket
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress

from portero.decide.interfaces.daemon import ObjectKind
from portero.decide.interfaces.effects import Touch
from portero.decide.values.json_fields import JSON, child, text
from portero.decide.values.refusals import Refused
from portero.observe.dockerd.api import make_check
from portero.observe.dockerd.asking_daemon import AskingDaemon
from portero.observe.lookups.daemon_questions import DaemonQuestions
from portero.observe.lookups.event_stream import EventStream
from portero.observe.lookups.followed_daemon import FollowedDaemon
from portero.observe.lookups.picture_check import LATE_SECONDS, compare_facts, compare_list, compare_networks

_CONNECT_SECONDS, _AGAIN_SECONDS = 2.0, 1.0
# No request waits for a list. Of one container reading ahead gives up soon: while it starts it holds its lock.
_LIST_SECONDS, _ONE_SECONDS = 10.0, 0.3
# Requests that were allowed by a process before this one can still be executed.
_FIRST_SECONDS = 5.0
_IDLE_SECONDS, _COMPARE_SECONDS = 1.0, 300.0
# Reading ahead takes no more than this share of the time, of these seconds say, all at once: in a loop users could have
# everything read again.
_SHARE, _BURST = 0.2, 1.0
# Containers, and other objects, whose details are compared each time, and differences that are logged.
_SAMPLE, _SHOWN = 16, 5
_WAKES = 4096
_LOG = logging.getLogger(__name__)


class PictureReader:
    """`ask`: makes questions that have so many seconds. `runs`: whether that dockerd still does, and is followed."""

    def __init__(
        self,
        followed: FollowedDaemon,
        daemon: AskingDaemon,
        addresses: Iterable[str],
        ask: Callable[[float], DaemonQuestions],
        runs: Callable[[], bool],
    ) -> None:
        self._followed, self._picture = followed, followed.picture
        self._daemon, self._addresses, self._ask, self._runs = daemon, addresses, ask, runs
        self._wakes: list[socket.socket] = []
        # When the picture had last begun anew as lists were read, and from when on more may be read.
        self._anew, self._reads_from = -1, 0.0

    def run(self) -> None:
        """Until the daemon has ended."""
        time.sleep(_FIRST_SECONDS)
        while self._runs():
            try:
                self._follow()
            except (OSError, ValueError, Refused):
                time.sleep(_AGAIN_SECONDS)
            finally:
                self._picture.is_followed = False
                self._picture.forget_all()
        self._followed.connections.close()

    def _follow(self) -> None:
        address = next(iter(self._addresses), "")
        wakes, wake = socket.socketpair()
        with wakes, wake, EventStream(address, _CONNECT_SECONDS, make_check(address, {0, self._daemon.uid})) as events:
            wake.setblocking(False)
            self._wakes, self._followed.wake = [wakes], lambda: self._wake(wake)
            self._picture.follow()
            self._anew, self._reads_from = -1, 0.0
            compared = checked = time.monotonic()
            while True:
                now = time.monotonic()
                if now >= self._reads_from:
                    if self._must_list:
                        self._anew = self._read_all()
                    else:
                        self._read_next()
                    self._reads_from = max(self._reads_from, now - _BURST) + (time.monotonic() - now) / _SHARE
                waits = max(0.0, self._reads_from - time.monotonic()) if self._has_work else _IDLE_SECONDS
                self._wait(events, min(waits, _IDLE_SECONDS))
                now = time.monotonic()
                if now > checked + _FIRST_SECONDS:
                    checked = now
                    self._followed.note_late()
                    if not self._runs():
                        return
                if now > compared + _COMPARE_SECONDS:
                    compared = now
                    self._compare(events)

    def _wait(self, events: EventStream, seconds: float) -> None:
        """Take the events that come, until there is something to be read, or the time is over."""
        poll = select.poll()  # takes descriptors of any number
        for descriptor in (events.fileno(), events.end, *(wakes.fileno() for wakes in self._wakes)):
            poll.register(descriptor, select.POLLIN)
        ready = [descriptor for descriptor, _ in poll.poll(0 if events.has_some else seconds * 1000)]
        if events.end in ready:
            raise ConnectionResetError("dockerd ends")
        for wakes in self._wakes:
            if wakes.fileno() in ready:
                wakes.recv(_WAKES)
        for event in events.read() if events.has_some or events.fileno() in ready else ():
            self._take(event)

    def _compare(self, events: EventStream) -> None:
        """Look whether dockerd shows what is known. Events of before an answer come within a moment."""

        def take_events(seconds: float) -> None:
            end = time.monotonic() + seconds
            self._wait(events, 0.0)
            while (left := end - time.monotonic()) > 0:
                self._wait(events, left)

        ask, moment = self._ask(_LIST_SECONDS), self._picture.moment
        listed = ask.read_all("container")
        take_events(LATE_SECONDS)
        named: list[tuple[ObjectKind, str]] = [("container", text(one, "Id")) for one in listed]
        named = [each for among in (named, self._picture.list_others()) for each in _choose(among)]
        different = [
            *compare_list(self._picture, listed, moment),
            *compare_networks(self._picture, ask, take_events),
            *compare_facts(self._picture, named, self._ask(_LIST_SECONDS), take_events),
        ]
        if different:
            self._followed.differences += len(different)
            _LOG.warning("the picture of dockerd %d differs: %s", self._daemon.pid, "; ".join(different[:_SHOWN]))
            self._picture.forget_all()

    def _read_all(self) -> int:
        """Read whether there is a swarm, and the list; when that was."""
        anew, moment, ask = self._picture.anew, self._picture.moment, self._ask(_LIST_SECONDS)
        state = text(child(ask.ask_info(), "Swarm"), "LocalNodeState")
        self._picture.note_swarm(moment, is_swarm=state != "inactive")
        if state == "inactive":
            ask.ask_for_all("container")
        return anew

    @property
    def _must_list(self) -> bool:
        """Whether it began anew since then, or all containers may have changed."""
        return self._anew != self._picture.anew or self._picture.needs_list

    @property
    def _has_work(self) -> bool:
        return self._must_list or self._picture.has_unread

    def _wake(self, reader: socket.socket) -> None:
        """Called by other threads, which it would keep from the interpreter: only if it may read something now."""
        if self._has_work and time.monotonic() >= self._reads_from:
            # One that cannot take more has enough to wake by; one that is closed begins anew.
            with suppress(OSError):
                reader.send(b"x")

    def _read_next(self) -> None:
        """Read one of what changed: the next request that needs it finds it here."""
        # A container that cannot be read is left to the request that needs it.
        with suppress(Refused):
            if (id := self._picture.pop_unread()) is not None:
                self._ask(_ONE_SECONDS).ask_for("container", id)

    def _take(self, event: Mapping[str, JSON]) -> None:
        kind, action, actor = text(event, "Type"), text(event, "Action"), child(event, "Actor")
        attributes = child(actor, "Attributes")
        id, name, connected = text(actor, "ID"), text(attributes, "name"), text(attributes, "container")
        if kind == "daemon":
            self._picture.forget_all()  # authorization plugins may have been others for a while
        elif kind == "container" and action == "create":
            self._picture.note_made(id, name)
        elif kind == "container" and action == "destroy":
            self._picture.note_removed(id)
        elif kind == "container" and action == "die":
            self._picture.note_touch(Touch("state", id))
        elif kind == "container" and action == "start":
            self._picture.note_touch(Touch("state", id), Touch("start", id))
        elif kind == "container":
            self._picture.note_touch(Touch("container", id), *([Touch("container", name)] if name else []))
        elif kind == "volume" and action == "destroy":
            self._picture.note_touch(Touch("volume", id))
        elif kind == "network" and action in ("create", "destroy", "remove"):
            self._picture.note_touch(Touch("network"))
        elif connected and kind == "network" and not self._picture.are_under_way([connected]):
            # Who starts or stops a container connects it, too, which changes nothing that is kept.
            self._picture.note_touch(Touch("container", connected))


def _choose(among: Sequence[tuple[ObjectKind, str]]) -> Sequence[tuple[ObjectKind, str]]:
    return random.sample(among, min(len(among), _SAMPLE))
