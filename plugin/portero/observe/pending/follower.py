"""What follows the changes that requests make at daemons: the protocol Follower."""

from collections.abc import Callable
from typing import Protocol

from portero.decide.interfaces.daemon import Peer
from portero.decide.reading.routes import ApiRequest


class Follower(Protocol):
    """Follows what requests change at the daemons that ask."""

    def watch(self) -> None:
        """Read ahead of requests from now on, in this process."""

    def has_room_for(self, user: str, peer: Peer | None) -> bool:
        """Whether another change by this user can be followed; "": one who is not known."""

    def note_allowed(self, id: str, data: bytes, request: ApiRequest | None, peer: Peer | None, user: str = "") -> None:
        """A request is allowed: before dockerd is answered. `id`: of the decision. `request`: None: it is not read."""

    def note_refused(self, id: str) -> None:
        """A request is refused that may have been allowed by its rules. `id`: of the decision."""

    def note_result(self, data: bytes, peer: Peer, send: Callable[[], None] | None = None) -> None:
        """What dockerd posts after a request. `send` answers it, before it is noted; None: that is done later."""

    def wait_for_results(self) -> None:
        """Wait until what was answered is noted."""

    def count_differences(self) -> int:
        """How often something else was found than what the requests made of it."""
