"""One GET at a daemon's own socket: a target in, status and body out.

dockerd asks the plugin about these requests too. They carry a random header, by which they are known (OwnRequests).
"""

import errno
import http.client
from collections.abc import Collection

from portero.host.peer import read_peer
from portero.objects.own_requests import HEADER, SECRET
from portero.unixhttp import UnixConnection

# dockerd keeps bodies of up to 4 MiB, and shows some fields of them twice.
LONGEST_ANSWER = 8 << 20


def get(
    address: str, target: str, seconds: float, uids: Collection[int] | None, longest: int = LONGEST_ANSWER
) -> tuple[int, bytes] | None:
    """Status and body; None: no answer of at most `longest` bytes came in time.

    `uids`: only a process of one of these users is asked.
    """
    if seconds <= 0:
        return None
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
    except (OSError, http.client.HTTPException):
        return None
    finally:
        connection.close()
