"""The Engine API at a daemon's own sockets: a method and a target in, the answer out.

dockerd asks the plugin about these requests too. Those of a request that is judged carry a random header, by which they
are known (own_requests.py).
"""

import errno
import os
import socket
import threading
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from functools import partial
from http import HTTPStatus
from typing import Any, TypeVar

from portero.decide.values.dataclass import dataclass
from portero.decide.values.json_fields import JSON, to_object
from portero.decide.values.json_objects import load_json, load_object
from portero.decide.values.spelling import make_printable
from portero.observe.dockerd.asking_daemon import AskingDaemon
from portero.observe.dockerd.connection_pool import ConnectionPool
from portero.observe.dockerd.object_lists import Wanted, read_list
from portero.observe.dockerd.peer import read_peer

HEADER = "X-Portero-Lookup"
SECRET = os.urandom(16).hex()
# For all lookups of one kind in one request: dockerd waits for the plugin, and the user for dockerd.
SECONDS = 2.0
# The same where the daemon answers others meanwhile: it is slow then, or what is asked for is locked while it starts.
MOST_SECONDS = 12.0
# Longer than dockerd waits for an authorization plugin that is gone: 1 + 2 + 4 + 8 s (moby pkg/plugins/client.go).
TIMEOUT_SECONDS = 20.0
# dockerd keeps bodies of up to 4 MiB, and shows some fields of them twice.
MAX_ANSWER_BYTES = 8 << 20
_MAX_MESSAGE_BYTES = 1 << 16
_NO_HEADERS: Mapping[str, str] = {}
_OWN_HEADERS = {HEADER: SECRET}
_Answer = TypeVar("_Answer")


@dataclass(frozen=True, slots=True)
class EngineApi:
    """The Engine API at one socket, a path as this process sees it.

    OSError: no answer; ValueError: not an answer of the Engine API.
    """

    address: str
    max_bytes: int = MAX_ANSWER_BYTES

    def find(self, path: str) -> dict[str, JSON] | None:
        """What is there; None: dockerd says that nothing is."""
        status, body = self._ask("GET", path)
        return None if status == HTTPStatus.NOT_FOUND else _read_answer(path, status, body, dict)

    def get(self, path: str) -> dict[str, JSON]:
        """The JSON object in dockerd's answer; ValueError: another status than 200."""
        return _read_answer(path, *self._ask("GET", path), dict)

    def get_list(self, path: str) -> list[JSON]:
        """The JSON list in dockerd's answer; ValueError: another status than 200."""
        return _read_answer(path, *self._ask("GET", path), list)

    def post(self, path: str, body: bytes | Iterable[bytes]) -> tuple[int, str]:
        """Status and message of the answer to a JSON body; one in parts is sent without its length, chunked."""
        status, answer = self._ask("POST", path, {"Content-Type": "application/json"}, body)
        return status, str(to_object(load_json(answer)).get("message", ""))

    def _ask(
        self,
        method: str,
        path: str,
        headers: Mapping[str, str] = _NO_HEADERS,
        body: bytes | Iterable[bytes] | None = None,
    ) -> tuple[int, bytes]:
        from portero.observe.dockerd.unix_http import exchange  # see TimedRequests

        return exchange(
            self.address, TIMEOUT_SECONDS, method, path, headers=headers, body=body, max_bytes=self.max_bytes
        )


def _read_answer(path: str, status: int, body: bytes, kind: type[_Answer]) -> _Answer:
    if status != HTTPStatus.OK:
        raise ValueError(f"GET {path} was answered with status {status}{_find_message(body)}")
    answer = load_json(body)
    if not isinstance(answer, kind):
        raise ValueError(f"GET {path} was not answered with {'an object' if kind is dict else 'a list'}")
    return answer


def _find_message(answer: bytes) -> str:
    """What dockerd says beside a status, in one line; empty where it says nothing."""
    try:
        message = str(to_object(load_json(answer)).get("message", ""))
    except ValueError:
        return ""
    return f": {make_printable(' '.join(message.split()))}" if message else ""


def make_check(address: str, uids: Collection[int] | None) -> Callable[[socket.socket], None]:
    """Only a process of one of these users is asked; None: any."""

    def check(connected: socket.socket) -> None:
        # Another program can have put its own socket in the place of the daemon's.
        if uids is not None and read_peer(connected).uid not in uids:
            raise PermissionError(errno.EPERM, "is not a socket of the daemon", address)

    return check


def read_object(body: bytes) -> Mapping[str, JSON] | None:
    """The JSON object in a body; None: it holds none."""
    try:
        return load_object(body)
    except ValueError:
        return None


def _check_failure(body: bytes) -> None:
    """ValueError: what answered so is not the API."""
    if "message" not in (read_object(body) or {}):
        raise ValueError("not an answer of the Engine API")


class TimedRequests:
    """The lookups of one request: two seconds (or `seconds`) for all of them, from the first on.

    `patience`: of those that wait longer, up to MOST_SECONDS while the daemon answers pings, so many at once; None:
    this request does not.
    `addresses`: the sockets of the daemon, the best first. `daemon`: only its user and root are asked; None: any.
    `pool`: connections to it. A socket of the daemon that is not of the API, such as that of its metrics, answers 404
    to anything: a failure counts only with the message that the API gives.
    """

    def __init__(
        self,
        addresses: Iterable[str],
        daemon: AskingDaemon | None,
        seconds: Callable[[], float] = lambda: SECONDS,
        pool: ConnectionPool | None = None,
        patience: threading.Semaphore | None = None,
    ) -> None:
        self._addresses = addresses
        self._seconds = seconds
        self._uids = {0, daemon.uid} if daemon else None
        self._pool = pool
        self._patience = patience
        self._began = 0.0
        self._deadline: float | None = None
        self._is_patient = self._answers_others = False

    def get_bodies(self, target: str, max_bytes: int = MAX_ANSWER_BYTES) -> Iterator[tuple[int, bytes]]:
        """Status and body from each socket that answers in time, with at most `max_bytes` bytes."""
        from portero.observe.dockerd.unix_http import exchange  # slow to load, and most commands ask no daemon

        def ask(*request: Any, **more: Any) -> tuple[int, bytes]:
            status, body = exchange(*request, max_bytes=max_bytes, **more)
            if status != HTTPStatus.OK:
                _check_failure(body)
            return status, body

        return self._ask_each(ask, target)

    def get_lists(self, target: str, wanted: Wanted) -> Iterator[tuple[int, list[Mapping[str, JSON]]]]:
        """Status and the objects of a list, with the wanted fields, from each socket that answers in time."""
        from portero.observe.dockerd.unix_http import open_response  # see get_bodies

        def ask(*request: Any, **more: Any) -> tuple[int, list[Mapping[str, JSON]]]:
            with open_response(*request, **more) as response:
                if response.status == HTTPStatus.OK:
                    return response.status, read_list(response, wanted)
                _check_failure(response.read(_MAX_MESSAGE_BYTES))
                return response.status, []

        return self._ask_each(ask, target)

    def _ask_each(self, ask: Callable[..., _Answer], target: str) -> Iterator[_Answer]:
        for address in self._addresses:
            seconds = self._find_seconds_left()
            if seconds <= 0:
                return
            common = {"headers": _OWN_HEADERS, "check": make_check(address, self._uids)}
            prolong = partial(self._prolong, address, common) if self._patience else None
            try:
                answer = ask(address, seconds, "GET", target, **common, pool=self._pool, prolong=prolong)
            except (OSError, ValueError):
                continue
            finally:
                if self._is_patient and self._patience:
                    self._patience.release()
                self._is_patient = False
            yield answer

    def _prolong(self, address: str, common: Mapping[str, Any], deadline: float) -> float:
        """Until when to wait on, where the daemon answers a ping meanwhile; the same: its time is over."""
        from portero.observe.dockerd.unix_http import exchange  # see get_bodies

        last = self._began + MOST_SECONDS
        is_short = deadline < self._began + SECONDS
        if is_short or deadline >= last or not self._patience:
            return deadline
        self._is_patient = self._is_patient or self._patience.acquire(blocking=False)
        if not self._is_patient:
            return deadline
        try:
            exchange(address, SECONDS / 2, "GET", "/_ping", **common, max_bytes=_MAX_MESSAGE_BYTES)
        except (OSError, ValueError):
            return deadline
        self._answers_others = True
        self._deadline = min(time.monotonic() + SECONDS, last)
        return self._deadline

    def _find_seconds_left(self) -> float:
        if self._deadline is None:
            self._began = time.monotonic()
            self._deadline = self._began + self._seconds()
        return self._deadline - time.monotonic()

    @property
    def are_late(self) -> bool:
        """Whether their time is over, while the daemon answered no request as far as is known."""
        return self._deadline is not None and time.monotonic() >= self._deadline and not self._answers_others
