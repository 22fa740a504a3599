"""GETs at a daemon's own sockets: a target in, status and body out.

dockerd asks the plugin about these requests too. They carry a random header, by which they are known (OwnRequests).
"""

import errno
import json
import time
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import cast

from portero.host.asking_daemon import AskingDaemon
from portero.host.peer import read_peer
from portero.objects.own_requests import HEADER, SECRET
from portero.threads import before_lookup
from portero.types import JSON

# For all lookups of one kind in one request: dockerd waits for the plugin, and the user for dockerd.
SECONDS = 2.0
# dockerd keeps bodies of up to 4 MiB, and shows some fields of them twice.
LONGEST_ANSWER = 8 << 20
# A container takes 1 to 2 KB of a list, with the labels of compose.
LONGEST_LIST = 16 << 20


def get(
    address: str, target: str, seconds: float, uids: Collection[int] | None, longest: int = LONGEST_ANSWER
) -> tuple[int, bytes] | None:
    """Status and body; None: no answer of at most `longest` bytes came in time.

    `uids`: only a process of one of these users is asked.
    """
    if seconds <= 0:
        return None
    # Slow to load, and most commands ask no daemon.
    from http.client import HTTPException

    from portero.unixhttp import UnixConnection

    connection = UnixConnection(address, seconds)
    try:
        connection.connect()
        # Another program can have put its own socket in the place of the daemon's.
        if uids is not None and read_peer(connection.sock).uid not in uids:
            raise PermissionError(errno.EPERM, "is not a socket of the daemon", address)
        connection.request("GET", target, headers={HEADER: SECRET})
        response = connection.getresponse()
        body = response.read(longest + 1)
        # http.client does not say when a body of a known length was cut short.
        return None if response.length or len(body) > longest else (response.status, body)
    except (OSError, HTTPException):
        return None
    finally:
        connection.close()


def read_object(body: bytes) -> Mapping[str, JSON] | None:
    """The JSON object in a body; None: it holds none."""
    answer = _read_json(body)
    return answer if isinstance(answer, dict) else None


def read_objects(body: bytes) -> list[Mapping[str, JSON]] | None:
    """The list of JSON objects in a body; None: it holds none."""
    answer = _read_json(body)
    entries = [entry for entry in answer if isinstance(entry, dict)] if isinstance(answer, list) else []
    return [*entries] if isinstance(answer, list) and len(entries) == len(answer) else None


def _read_json(body: bytes) -> JSON:
    try:
        return cast(JSON, json.loads(body))
    except (ValueError, RecursionError):
        return None


class TimedRequests:
    """The lookups of one request: two seconds for all of them, from the first on.

    `addresses`: the sockets of the daemon, the best first. `daemon`: only its user and root are asked; None: any.
    """

    def __init__(self, addresses: Iterable[str], daemon: AskingDaemon | None, longest: int = LONGEST_ANSWER) -> None:
        self._addresses = addresses
        self._uids = {0, daemon.uid} if daemon else None
        self._longest = longest
        self._deadline: float | None = None

    def answers(self, target: str, longest: int | None = None) -> Iterator[tuple[int, bytes]]:
        """Status and body from each socket that answers in time, with at most `longest` bytes."""
        for address in self._addresses:
            answer = get(address, target, self._seconds_left(), self._uids, longest or self._longest)
            if answer is not None:
                yield answer

    def _seconds_left(self) -> float:
        if self._deadline is None:
            before_lookup()
            self._deadline = time.monotonic() + SECONDS
        return self._deadline - time.monotonic()
