"""The loop of the door: one thread, all sockets, no work while nothing happens (epoll(7), edge-triggered)."""

import logging
import math
import os
import resource
import select
import socket
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import partial

from portero.decide.identity.trusted import USERS
from portero.door.pipes import Pipes
from portero.door.shares import Client, ConnectionRoom, Share, Turns, count_connections
from portero.door.stamps import Stamps
from portero.door.stream import Stream
from portero.door.treating import Surroundings
from portero.door.treatment import Treat, TurnedAway, pass_as_it_came
from portero.observe.dockerd.peer import read_peer
from portero.observe.host.clients import AccountLookup, ClientProcesses

_LOG = logging.getLogger(__name__)
# Seconds: until dockerd is tried again, waiting connections are looked at, one more is accepted.
_RETRY, _POLL_SECONDS, _PAUSE = 0.005, 1.0, 0.1
# Seconds for what is under way when the door ends, as most requests need less; its unit waits for 5.
_FINISH_WITHIN = 2.0
# Seconds for connections that have something to do, and for new ones; then news is looked at again.
_TURN = 0.005
# Heads, bodies and answers that are not passed on yet.
_MAX_WAITING_BYTES = 32 << 20
_NEWS = select.EPOLLIN | select.EPOLLOUT | select.EPOLLRDHUP | select.EPOLLET
_UNKNOWN_UID = -1
_TOO_MANY = TurnedAway(429, "This client has too many connections at once: close some.")


class DoorLoop:
    """`doors`: listening sockets by the door's name. `treat`: what changes requests and answers (treatment.py)."""

    def __init__(
        self, doors: Mapping[str, socket.socket], dockerd: str, stamps: Stamps, treat: Treat = pass_as_it_came
    ) -> None:
        self._epoll = select.epoll()
        self._doors = {listener.fileno(): (name, listener) for name, listener in doors.items()}
        self._wake_read, self._wake_write = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        self._epoll.register(self._wake_read, select.EPOLLIN)
        shared = (AccountLookup(self._wake_loop), ClientProcesses(), Pipes(), Share(_MAX_WAITING_BYTES), treat)
        self._around = Surroundings(dockerd, stamps, *shared)
        self._streams: dict[int, Stream] = {}
        # Those that wait for something else than their sockets, and those that can go on at once.
        self._waiting: set[Stream] = set()
        self._retried, self._ready = Turns[Stream](), Turns[Stream]()
        self._next_poll = 0.0
        self._ended: list[Stream] = []
        self.room = ConnectionRoom(count_connections(resource.getrlimit(resource.RLIMIT_NOFILE)[0]))
        # Of which each connection has one.
        self._shares: dict[Stream, Share] = {}
        self._open = 0
        self._accepts_from, self._ends_at = 0.0, math.inf
        self.is_listening = False
        # Since the start; refused are those that were not read.
        self._connections = self._refused = 0

    def run_once(self, max_seconds: float | None = None) -> None:
        """Wait for news, `max_seconds` seconds at most, and do what they ask for."""
        now = time.monotonic()
        self._listen(self._ends_at == math.inf and now >= self._accepts_from and self._open < self.room.total)
        listeners: list[int] = []
        for descriptor, events in self._epoll.poll(self._find_timeout(now, max_seconds)):
            if descriptor in self._doors:
                listeners.append(descriptor)
            elif descriptor == self._wake_read:
                os.read(self._wake_read, 4096)
                for waiting in self._waiting:
                    if waiting.asks_name:
                        self._ready.add(waiting.client_key, waiting)
            elif (stream := self._streams.get(descriptor)) is not None:
                stream.note(descriptor, events)
                self._ready.add(stream.client_key, stream)
        until = time.monotonic() + _TURN
        while self._ready and (begun := time.monotonic()) < until:
            ready = self._ready.take()
            self._run(ready, ready.advance)
            self._ready.charge(ready.client_key, time.monotonic() - begun)
        self._poll_waiting(time.monotonic())
        # Only now: a number that is given to another socket must not get the news of this one.
        self._close_ended()
        for descriptor in listeners:
            self._accept(*self._doors[descriptor], time.monotonic() + _TURN / len(listeners))
        self._close_ended()

    def finish(self) -> None:
        """Accept no more connections: who connects now waits in the kernel's queue for the next process."""
        self._ends_at = time.monotonic() + _FINISH_WITHIN
        self._wake_loop()

    @property
    def is_finished(self) -> bool:
        return self._ends_at < math.inf and (not self._open or time.monotonic() >= self._ends_at)

    def close(self) -> None:
        self._ended += {*self._streams.values()}
        self._close_ended()
        self._epoll.close()
        for end in (self._wake_read, self._wake_write):
            os.close(end)

    def describe(self) -> str:
        names = ", ".join(name for name, _ in self._doors.values())
        counts = f"{self._connections} connections, {self._refused} refused, {self._open} open"
        return f"doors {names}: {counts}"

    def _wake_loop(self) -> None:
        with suppress(BlockingIOError):  # it is woken already
            os.write(self._wake_write, b"x")

    def _find_timeout(self, now: float, max_seconds: float | None) -> float | None:
        waits = [max(0, wait) for wait in (max_seconds, self._ends_at - now) if wait is not None and wait < math.inf]
        if self._ready:
            return 0
        if not self.is_listening and self._accepts_from > now:
            waits.append(self._accepts_from - now)
        if self._waiting:
            waits.append(_RETRY if self._retried else _POLL_SECONDS)
        return min(waits, default=None)

    def _listen(self, wanted: bool) -> None:
        """Accept connections or leave them in the kernel's queue, where they wait."""
        if wanted is not self.is_listening:
            for descriptor in self._doors:
                if wanted:
                    self._epoll.register(descriptor, select.EPOLLIN)
                else:
                    self._epoll.unregister(descriptor)
            self.is_listening = wanted

    def _accept(self, name: str, listener: socket.socket, until: float) -> None:
        while self._open < self.room.total and time.monotonic() < until:
            try:
                client, _address = listener.accept()
            except BlockingIOError:
                return
            except OSError as error:
                _LOG.error("cannot accept connections: %s", error.strerror)
                self._accepts_from = time.monotonic() + _PAUSE
                return
            try:
                self._add(name, client)
            except Exception as error:  # noqa: BLE001 - as in _run
                _LOG.error("internal error", exc_info=error)
                client.close()

    def _add(self, name: str, client: socket.socket) -> None:
        client.setblocking(False)
        uid = read_peer(client).uid if name == USERS else None
        key = name if uid is None else self._find_key(uid)
        self._connections += 1
        share = self.room.take(key)
        refused = None if share is self.room.served else _TOO_MANY
        self._refused += refused is not None
        if share is None:
            client.close()
            return
        stream = Stream(client, name, uid, self._around, self._watch, self._forget, key, refused)
        self._open += 1
        self._shares[stream] = share
        self._waiting.add(stream)
        self._run(stream, partial(self._begin, client, stream))

    def _begin(self, client: socket.socket, stream: Stream) -> bool | None:
        self._watch(client, stream)
        return True

    def _find_key(self, uid: int) -> Client:
        """As whose connection it counts. Unknown numbers count together: a user may have many (/etc/subuid)."""
        if self._around.accounts.is_known(uid):
            return uid
        self._around.accounts.find_account(uid)
        return _UNKNOWN_UID

    def _watch(self, one: socket.socket, stream: Stream) -> None:
        self._epoll.register(one.fileno(), _NEWS)
        self._streams[one.fileno()] = stream

    def _forget(self, one: socket.socket) -> None:
        if self._streams.pop(one.fileno(), None) is not None:
            self._epoll.unregister(one.fileno())

    def _run(self, stream: Stream, step: Callable[[], bool | None]) -> None:
        """Whatever one connection raises ends that one; the others go on."""
        try:
            result = step()
        except Exception as error:  # noqa: BLE001
            _LOG.error("internal error", exc_info=error)
            result = False
        self._settle(stream, result)

    def _settle(self, stream: Stream, result: bool | None) -> None:
        self._retried.discard(stream.client_key, stream)
        if stream.until is None:
            self._waiting.discard(stream)
        elif stream.is_retried and result is not False:
            self._retried.add(stream.client_key, stream)
        if result is False:
            self._waiting.discard(stream)
            for one in stream.sockets:
                self._forget(one)
            self._ended.append(stream)
            self._ready.discard(stream.client_key, stream)
        elif result:
            self._ready.add(stream.client_key, stream)

    def _poll_waiting(self, now: float) -> None:
        until = now + _TURN
        while self._retried and time.monotonic() < until:
            retried = self._retried.take()
            self._run(retried, retried.advance)
            if retried.is_retried:
                # Others find the queue of dockerd as full.
                break
        if now < self._next_poll:
            return
        self._next_poll = now + _POLL_SECONDS
        for stream in [*self._waiting]:
            if stream.until is not None and now >= stream.until:
                self._run(stream, stream.give_up)

    def _close_ended(self) -> None:
        for stream in self._ended:
            try:
                stream.release()
            except Exception as error:  # noqa: BLE001 - as in _run
                _LOG.error("internal error", exc_info=error)
            for one in stream.sockets:
                with suppress(OSError):
                    one.close()
            self._open -= 1
            share = self._shares.pop(stream)
            share.resize(stream.client_key, 1, 0)
            # The others were counted when they came.
            self._refused += share is self.room.served and stream.refused is not None
        self._ended.clear()
