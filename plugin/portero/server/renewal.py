"""Which workers make way for new ones: those that were there some time after a new policy came into force.

A worker that took it over shares little memory with the others any more; one that is made from the master does.
"""

from collections.abc import Iterable, Mapping
from math import inf

# Seconds. One change of a policy is often followed by another one soon.
AFTER = 30.0


class Renewal:
    """`retiring`: the processes that make way. Times are those of time.monotonic(), a worker's age is its number."""

    def __init__(self) -> None:
        self.retiring: frozenset[int] = frozenset()
        self._policies = 0
        self._due = inf
        # The last worker that was made before the policy came into force.
        self._last = 0

    def note(self, policies: int, last: int, now: float) -> None:
        """So many policies came into force until now, and this is the age of the last worker that was made."""
        if policies != self._policies:
            self._policies, self._last, self._due = policies, last, now + AFTER

    def begin(self, workers: Mapping[int, int], now: float) -> bool:
        """Have those workers (age by process) retire that were made before, if it is time, and no others still do."""
        self.retiring = self.retiring.intersection(workers)
        if now < self._due or self.retiring:
            return False
        self._due = inf
        self.retire(process for process, age in workers.items() if age <= self._last)
        return bool(self.retiring)

    def retire(self, processes: Iterable[int]) -> None:
        """Have these make way, beside those that already do."""
        self.retiring = self.retiring.union(processes)
