"""Allowed requests that have no answer yet, found by the answer.

Nothing but their contents links a request to its answer; those of equal requests are the same for each of them.

What dockerd has made since Portero began to judge is not older than find_start says, however the clock was set since.
"""

import mmap
import threading
import time
from collections import Counter, deque
from collections.abc import Sequence

from portero.decide.interfaces.effects import PossibleChange, Source, Touch, Use
from portero.decide.values.dataclass import dataclass, field
from portero.observe.pending.touches import count

# By the clock that cannot be set.
_BEGAN = time.monotonic()
# The earliest start by the host's clock that was found, in seconds since 1970. Deciding processes that follow share it.
_EARLIEST = memoryview(mmap.mmap(-1, 8)).cast("q")
_EARLIEST[0] = int(time.time())
_LOCK = threading.Lock()


def find_start() -> int:
    """When this process, or its arbiter, started, in seconds since 1970; by an earlier clock that was set back."""
    note_clock()
    return _EARLIEST[0]


def note_clock() -> None:
    """To be called before dockerd makes something, and after it: the clock may be set back, and right again later."""
    # Of the two clocks one is read a moment after the other.
    start = int(time.time() - (time.monotonic() - _BEGAN) + 0.001)
    with _LOCK:
        _EARLIEST[0] = min(_EARLIEST[0], start)


# An answer may never come, although the request is executed: one that copies an image's files into a volume takes long.
UNANSWERED_SECONDS = 60.0
# While more than these have no answer within their time, nothing is known. Of more than the most no answers are waited
# for: nothing is known as long as the daemon runs.
_MANY, _MOST = 4096, 1 << 16
# Of these one user who is known has so many at most, and so many that are late.
MAX_OF_ONE_USER, MAX_LATE_OF_ONE_USER = 1024, 4096


@dataclass(slots=True, eq=False)
class AllowedRequest:
    """An allowed request. `sources`, `uses`: as in Effects. `touches`: what began with it, and ends with its answer.

    `container`: that of an exec, as it was known, and when. `is_beyond`: one of too many, with which nothing is known.
    `is_late`: dockerd waits for a lock, or has lost it.
    """

    id: str
    change: PossibleChange
    sources: tuple[Source, ...] = ()
    uses: tuple[Use, ...] = ()
    key: int = 0
    touches: Sequence[Touch] = ()
    user: str = ""
    container: tuple[str, int] | None = None
    since: float = field(default_factory=time.monotonic)
    is_beyond: bool = False
    is_late: bool = False


class Unanswered:
    """Those of one daemon. Not for several threads at once: the register has the lock."""

    def __init__(self) -> None:
        # By their contents; those that are not late, in the order they came.
        self._equal: dict[int, deque[AllowedRequest]] = {}
        self._young: dict[AllowedRequest, None] = {}
        self._count = 0
        self._by_user = Counter[tuple[str, bool]]()  # and by whether they are late

    def __len__(self) -> int:
        return self._count

    def has_room_for(self, user: str) -> bool:
        """Whether a user has fewer than one may have, who would keep others from being known."""
        return self._by_user[user, False] < MAX_OF_ONE_USER and self._by_user[user, True] < MAX_LATE_OF_ONE_USER

    def wait_for(self, one: AllowedRequest, key: int, user: str, container: tuple[str, int] | None) -> None:
        """Its answer is waited for. `user`: "" for one who is not known; `container`: see AllowedRequest."""
        one.is_beyond = len(self._young) >= _MANY or self._count >= _MOST
        if self._count >= _MOST:
            return
        equal = self._equal.setdefault(key, deque())
        if equal:
            # The answer of another one may be taken for that of this one.
            first = equal[0].container
            container = (container[0], first[1]) if container and first else None
        one.key, one.user, one.container = key, user, container
        equal.append(one)
        self._young[one] = None
        self._count += 1
        if user:
            count(self._by_user, (user, False), 1)

    def answer(self, key: int, id: str = "") -> AllowedRequest | None:
        """The request that is answered so: the first of equal ones, or that of this decision where it is among them."""
        if not (equal := self._equal.get(key)):
            return None
        one = next((each for each in equal if each.id == id), equal[0]) if id else equal[0]
        is_first = one is equal[0]
        self._forget(one)
        if is_first and equal and (others := [touch for touch in one.touches if touch not in equal[0].touches]):
            # The name meant another container then, and this may be the answer of an equal one.
            equal[0].touches = (*equal[0].touches, *others)
            one.touches = [touch for touch in one.touches if touch not in others]
        return one

    def _forget(self, one: AllowedRequest) -> None:
        equal = self._equal[one.key]
        equal.remove(one)
        if not equal:
            del self._equal[one.key]
        self._young.pop(one, None)
        self._count -= 1
        if one.user:
            count(self._by_user, (one.user, one.is_late), -1)

    def list_late(self, seconds: float) -> list[AllowedRequest]:
        """Those that became late since this was asked last; those that do not last are waited for no more."""
        before, late = time.monotonic() - seconds, []
        for one in self._young:
            if one.since >= before:
                break
            late.append(one)
        for one in late:
            if one.change.lasts:
                del self._young[one]
                one.is_late = True
                if one.user:
                    count(self._by_user, (one.user, False), -1)
                    count(self._by_user, (one.user, True), 1)
            else:
                self._forget(one)
        return late
