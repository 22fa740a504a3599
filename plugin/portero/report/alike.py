"""Decisions of a log that are alike in what was decided, taken together."""

from dataclasses import dataclass

from portero.report.logged import Logged


@dataclass(frozen=True, slots=True)
class Alike:
    """So many lines with a decision like this one, which has the fields in common.

    `first`, `last`: the earliest and the latest of them, in seconds since 1970.
    """

    decision: Logged
    lines: int
    first: float
    last: float

    @classmethod
    def of(cls, decision: Logged) -> "Alike":
        """One decision alone."""
        return cls(decision, 1, decision.time, decision.time)

    @property
    def number(self) -> int:
        """How many requests they stand for (PORTERO_LOG_READS)."""
        return self.lines * self.decision.stands_for
