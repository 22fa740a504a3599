"""One connection of a door in a test, without a loop, and before a name service that does not answer."""

import json
import socket

from portero.door.pipes import Pipes
from portero.door.shares import Share
from portero.door.stamps import Stamps
from portero.door.stream import Stream
from portero.door.treating import Surroundings
from portero.observe.host.clients import Account, AccountLookup, ClientProcesses
from tests.door.running import BOOT, KEY

GET = b"GET /_ping HTTP/1.1\r\nHost: d\r\n\r\n"


class Silent(AccountLookup):
    """A name service that does not answer."""

    def __init__(self) -> None:
        super().__init__(lambda: None)

    def find_account(self, uid: int) -> Account | None:
        return None


def stream(door: socket.socket, uid: int | None, dockerd: str = "/nowhere") -> Stream:
    around = Surroundings(dockerd, Stamps(KEY, BOOT), Silent(), ClientProcesses(), Pipes(), Share(1 << 20))
    return Stream(door, "users", uid, around, lambda one, stream: None, lambda one: None)


def message(client: socket.socket) -> str:
    head, _, content = client.recv(1 << 16).partition(b"\r\n\r\n")
    assert b"\r\nConnection: close" in head
    return str(json.loads(content)["message"]) if content else head.decode()
