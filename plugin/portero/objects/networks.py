"""Questions to dockerd itself: a network's ID in, its name out; None when it could not be found out.

dockerd asks the plugin about this very question (GET /networks/{id}), so nobody may ask while judging a GET.
"""

import http.client
import json
import re
from collections.abc import Callable, Sequence

from portero.host.view import may_begin_network_id
from portero.unixhttp import UnixConnection

_TIMEOUT_SECONDS = 2.0
_LONGEST_ANSWER = 1 << 20
_KEPT_NAMES = 256
# Only a whole ID names one network for ever; what a beginning of one is completed to changes with the networks.
_WHOLE_ID = re.compile(r"[0-9a-z]{25}|[0-9a-f]{64}")


class NetworkNames:
    """Names behind network IDs. `addresses` tells the sockets at which dockerd may listen, the best first."""

    def __init__(self, addresses: Callable[[], Sequence[str]]) -> None:
        self._addresses = addresses
        self._names: dict[str, str] = {}

    def name_of(self, network: str) -> str | None:
        """The network's name; what is no ID, or no network at all, is its own name.

        Several daemons may run on one host, and what one does not know another may: all are asked until one knows.
        """
        if not may_begin_network_id(network):
            return network
        if network in self._names:
            return self._names[network]
        answers = set()
        for address in self._addresses():
            answer = _ask(address, network)
            if answer is not None and answer != network:
                return self._keep(network, answer)
            answers.add(answer)
        return network if answers == {network} else None

    def _keep(self, network: str, name: str) -> str:
        if _WHOLE_ID.fullmatch(network) is None:
            return name
        if len(self._names) >= _KEPT_NAMES:
            self._names = {}
        self._names[network] = name
        return name


def _ask(address: str, network: str) -> str | None:
    """What one daemon says: the name, the same string when it knows no such network, None when it does not say."""
    try:
        status, body = _get(address, f"/networks/{network}")
    except (OSError, http.client.HTTPException):
        return None
    if status == http.client.NOT_FOUND:
        return network
    return _name(body) if status == http.client.OK else None


def _get(address: str, path: str) -> tuple[int, bytes]:
    connection = UnixConnection(address, _TIMEOUT_SECONDS)
    try:
        connection.request("GET", path)
        response = connection.getresponse()
        return response.status, response.read(_LONGEST_ANSWER)
    finally:
        connection.close()


def _name(body: bytes) -> str | None:
    try:
        answer = json.loads(body)
    except (ValueError, RecursionError):
        return None
    name = answer.get("Name") if isinstance(answer, dict) else None
    return name if isinstance(name, str) and name else None
