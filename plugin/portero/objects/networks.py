"""Asks dockerd for names of networks: a network's ID in, its name out; None when it could not be found out.

dockerd sends this very request (GET /networks/{id}) to the plugin, so the plugin must answer a GET without a lookup.
"""

import http.client
import json
import re
import time
from collections.abc import Callable, Sequence

from portero.host.view import may_begin_network_id
from portero.unixhttp import UnixConnection

# For all lookups of one request: dockerd waits for the plugin, and the user for dockerd.
_SECONDS = 2.0
_MOST_NAMES = 32
_LONGEST_ANSWER = 1 << 20
_KEPT_NAMES = 256
# Only a whole ID names one network for ever; what a beginning of one is completed to changes with the networks.
_WHOLE_ID = re.compile(r"[0-9a-z]{25}|[0-9a-f]{64}")


class NetworkNames:
    """Names behind whole network IDs, kept between requests.

    `addresses`: the sockets at which dockerd may listen, the best first.
    """

    def __init__(self, addresses: Callable[[], Sequence[str]]) -> None:
        self.addresses = addresses
        self._names: dict[str, str] = {}

    def new_lookup(self) -> Callable[[str], str | None]:
        """The function from ID to name for one request (see NetworkLookup)."""
        return NetworkLookup(self).find_name

    def recall(self, network: str) -> str | None:
        """The name that an earlier request found."""
        return self._names.get(network)

    def keep(self, network: str, name: str) -> None:
        """Remember the name of a whole ID; the memory is bounded."""
        if _WHOLE_ID.fullmatch(network) is None:
            return
        if len(self._names) >= _KEPT_NAMES:
            self._names = {}
        self._names[network] = name


class NetworkLookup:
    """The lookups of one request: two seconds for all of them, 32 distinct IDs, each asked once.

    Beyond these bounds a name is not found out, and rule network-resolved refuses it.
    """

    def __init__(self, names: NetworkNames) -> None:
        self._names = names
        self._found: dict[str, str | None] = {}
        self._deadline: float | None = None

    def find_name(self, network: str) -> str | None:
        """The network's name; what is no ID, or no network at all, is its own name. OSError: no addresses."""
        if not may_begin_network_id(network):
            return network
        if (known := self._names.recall(network)) is not None:
            return known
        if network not in self._found and len(self._found) < _MOST_NAMES:
            self._found[network] = self._ask_daemons(network)
        return self._found.get(network)

    def _ask_daemons(self, network: str) -> str | None:
        """Several daemons may run on one host, each with networks of its own: all are asked until one knows."""
        answers = set()
        for address in self._names.addresses():
            answer = _ask(address, network, self._seconds_left())
            if answer is not None and answer != network:
                self._names.keep(network, answer)
                return answer
            answers.add(answer)
        return network if answers == {network} else None

    def _seconds_left(self) -> float:
        now = time.monotonic()
        if self._deadline is None:
            self._deadline = now + _SECONDS
        return self._deadline - now


def _ask(address: str, network: str, seconds: float) -> str | None:
    """One daemon's answer: the name, the ID itself when it has no such network, None when there is no answer."""
    if seconds <= 0:
        return None
    try:
        status, body = _get(address, f"/networks/{network}", seconds)
    except (OSError, http.client.HTTPException):
        return None
    if status == http.client.NOT_FOUND:
        return network
    return _read_name(body) if status == http.client.OK else None


def _get(address: str, path: str, seconds: float) -> tuple[int, bytes]:
    connection = UnixConnection(address, seconds)
    try:
        connection.request("GET", path)
        response = connection.getresponse()
        return response.status, response.read(_LONGEST_ANSWER)
    finally:
        connection.close()


def _read_name(body: bytes) -> str | None:
    try:
        answer = json.loads(body)
    except (ValueError, RecursionError):
        return None
    name = answer.get("Name") if isinstance(answer, dict) else None
    return name if isinstance(name, str) and name else None
