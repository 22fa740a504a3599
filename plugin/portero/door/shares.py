"""How much of what is scarce an account may have: connections, bytes that wait in this process, pipes, turns.

An account may have a third of what is left when it has it. So one alone has a quarter of all, and however many are
greedy, one after the other or at once, something is left for the next.
"""

from collections import Counter
from typing import Generic, TypeAlias, TypeVar

# A uid, or the name of a door.
Client: TypeAlias = int | str
_LEFT_FOR_EACH = 3
# A connection has two sockets; a few ask dockerd for themselves, too. Both ends of each pipe are descriptors.
_DESCRIPTORS, _OTHER_DESCRIPTORS, _SPARE_OF = 2, 64 + 2 * 64, 16
_MAX_CONNECTIONS = 16384
# Of so many connections one is for those that only hear why they are refused.
_REFUSED_OF = 8
_Ready = TypeVar("_Ready")


def count_connections(descriptors: int) -> int:
    """How many connections a process with so many descriptors may have."""
    left = descriptors - _OTHER_DESCRIPTORS - descriptors // _SPARE_OF
    return max(2, min(_MAX_CONNECTIONS, left // _DESCRIPTORS))


class Share:
    """So much of one thing, for all clients."""

    def __init__(self, total: int) -> None:
        self._total = total
        self._left = total
        self._held: Counter[Client] = Counter()

    def resize(self, client: Client, before: int, after: int) -> bool:
        """Whether a client has so much now in place of what one of its connections had; less is always granted."""
        more = after - before
        held, left = self._held[client] + more, self._left - more
        # Who has nothing gets what there is.
        if more > 0 and (left < 0 or (held > more and held * _LEFT_FOR_EACH > left)):
            return False
        self._left = left
        self._held[client] = held
        if held == 0:
            del self._held[client]
        return True


class ConnectionRoom:
    """So many connections, with those that are only refused."""

    def __init__(self, total: int) -> None:
        self.total = total
        refused = max(1, total // _REFUSED_OF)
        self.served, self._refused = Share(total - refused), Share(refused)

    def take(self, client: Client) -> Share | None:
        """The share that one more connection is from: `served`, or another one. None: it cannot even be refused."""
        return next((share for share in (self.served, self._refused) if share.resize(client, 0, 1)), None)


class Turns(Generic[_Ready]):
    """What can go on, in turns of the clients, however much each of them has, and however long a turn takes.

    The next one is whose turns took least time. Who comes anew has had as much as the one before it.
    """

    def __init__(self) -> None:
        self._of: dict[Client, dict[_Ready, None]] = {}
        # In seconds, while a client waits.
        self._had: dict[Client, float] = {}
        self._least = 0.0

    def __bool__(self) -> bool:
        return bool(self._of)

    def add(self, client: Client, one: _Ready) -> None:
        if not self._of:
            self._had.clear()
            self._least = 0.0
        self._had[client] = max(self._had.get(client, 0.0), self._least)
        self._of.setdefault(client, {})[one] = None

    def take(self) -> _Ready:
        """The first one of the client whose turn it is, which is the last one then."""
        client = min(self._of, key=self._had.__getitem__)
        self._least = self._had[client]
        all_of = self._of.pop(client)
        one = next(iter(all_of))
        del all_of[one]
        if all_of:
            self._of[client] = all_of
        return one

    def charge(self, client: Client, seconds: float) -> None:
        """Say how long its turn took."""
        self._had[client] = self._had.get(client, self._least) + seconds

    def discard(self, client: Client, one: _Ready) -> None:
        all_of = self._of.get(client, {})
        all_of.pop(one, None)
        if not all_of:
            self._of.pop(client, None)
