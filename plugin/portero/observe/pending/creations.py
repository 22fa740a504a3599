"""What is being created: from the decision on, until dockerd's list shows it, or shows that it came to nothing.

Two requests at once are not in dockerd's lists yet. Each sees what was added before it, and what is added while it is
judged counts before its own is added: of two that must not both pass, the later one sees the first.

What dockerd has made since Portero began to judge is not older than that, by the host's clock.
"""

import mmap
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cached_property

from portero.decide.interfaces.pending_requests import Source
from portero.decide.values.dataclass import dataclass, field, replace

# An answer may never come, although the request is executed: one that copies an image's files into a volume takes long.
UNANSWERED_SECONDS = 60.0
_MANY, _MANY_ENDED = 1024, 1024
# When this process, or its arbiter, started: by the clock that cannot be set.
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


@dataclass(frozen=True, slots=True)
class _Creation:
    number: int
    id: str
    paths: tuple[Source, ...]
    since: float = field(default_factory=time.monotonic)
    has_ended: bool = False


class CreationsUnderWay:
    """Those of one daemon. `number`: how many there have been."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._number = 0
        self._by_id: dict[str, _Creation] = {}
        self._latest: deque[_Creation] = deque(maxlen=_MANY)
        # Containers, by answers to requests that this process did not allow.
        self.ended: deque[str] = deque(maxlen=_MANY_ENDED)

    def at(self) -> "RequestCreations":
        """Those that one request sees, which asks dockerd after this."""
        with self._lock:
            return RequestCreations(self, self._number, self._by_id)

    @property
    def are_many(self) -> bool:
        """Whether dockerd's list is to be asked for, which tells which of them are needed no more."""
        return len(self._by_id) > _MANY // 8

    def add(self, id: str, paths: Sequence[Source], since: int) -> list[Source] | None:
        """Add one; the paths of those added since, with nothing added, or None: it was added."""
        with self._lock:
            if self._number != since:
                return [path for one in self._latest if one.number > since for path in one.paths]
            self._number += 1
            made = self._by_id[id] = _Creation(self._number, id, tuple(paths))
            self._latest.append(made)
            return None

    def note_made(self, id: str) -> None:
        """The answer says that it is there: lists that are asked for from now on have it. Or it was refused at last."""
        with self._lock:
            self._by_id.pop(id, None)

    def note_answered(self, id: str) -> None:
        """The answer does not say so. A list that is asked for from now on tells."""
        with self._lock:
            if id in self._by_id:
                self._by_id[id] = replace(self._by_id[id], has_ended=True)

    def find_doubtful(self) -> frozenset[str]:
        """Those of which a list tells that is asked for now."""
        late = time.monotonic() - UNANSWERED_SECONDS
        with self._lock:
            return frozenset(id for id, one in self._by_id.items() if one.has_ended or one.since < late)

    def note_listed(self, doubtful: frozenset[str]) -> None:
        """Such a list came: what was made is in it."""
        with self._lock:
            for id in doubtful:
                self._by_id.pop(id, None)

    @property
    def number(self) -> int:
        return self._number


class RequestCreations:
    """As one request sees them (Creations of decide/interfaces/member.py)."""

    def __init__(self, under_way: CreationsUnderWay, number: int, others: Mapping[str, _Creation]) -> None:
        self._under_way, self._number = under_way, number
        self._others = {**others}

    @property
    def others(self) -> list[Source]:
        return list(dict.fromkeys(path for one in self._others.values() for path in one.paths))

    @cached_property
    def ended(self) -> frozenset[str]:
        """See Creations."""
        return frozenset(self._under_way.ended)

    def drop(self, doubtful: Iterable[str]) -> None:
        """A list came that tells of these, and was asked for by this request."""
        for id in doubtful:
            self._others.pop(id, None)

    def add(self, id: str, paths: Sequence[Source], agree: Callable[[Sequence[Source]], bool]) -> bool:
        while True:
            number = self._under_way.number
            newer = self._under_way.add(id, paths, self._number)
            if newer is None:
                return True
            # Of more than these some are not among the newer ones, and may have been made meanwhile.
            if self._under_way.number - self._number > _MANY or (newer and not agree(newer)):
                return False
            self._number = number
