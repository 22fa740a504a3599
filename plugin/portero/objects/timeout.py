"""How long the lookups of one request wait: two seconds, and less when several had no answer a moment ago.

dockerd holds a container's lock while it starts, and a start can hang for as long as its image wants (a FIFO as
/etc/passwd). Each large request that waits for such a container has a turn that another one needs.
"""

import time
from collections import deque

from portero.dockerd import api

# After so many lookups without an answer within so many seconds, others wait so long: a daemon that answers at all
# needs a hundredth of it.
_MANY, _WITHIN_SECONDS = 4, 10.0
_LESS_SECONDS = 0.3


class LookupTimeout:
    """Of all requests of the process; threads may note at once."""

    def __init__(self) -> None:
        self._silences: deque[float] = deque(maxlen=_MANY)

    def find_seconds(self) -> float:
        """For all lookups of a request that begins now."""
        silences = [*self._silences]
        is_short = len(silences) == _MANY and time.monotonic() < silences[0] + _WITHIN_SECONDS
        return min(_LESS_SECONDS, api.SECONDS) if is_short else api.SECONDS

    def note_silence(self) -> None:
        """A request had no answer in time."""
        self._silences.append(time.monotonic())
