"""The sums over a piece of a decision log, for its page: what was decided, and what suggestions are made of."""

from dataclasses import dataclass
from typing import TypeAlias

from portero.cli.suggest import add_refused
from portero.report.alike import Alike
from portero.report.logged import Logged
from portero.report.logged_violation import LoggedViolation
from portero.report.tally import OF_PIECE, Tally
from portero.suggest.collect import Suggestions

# The operation, the image, the user, and by what object it is known what refuses the request.
_Kind: TypeAlias = tuple[str, str, str, int]


@dataclass(slots=True)
class _Refused:
    """So many requests of one kind. `refusing`: what refuses each, or would; one object for most that have the same."""

    refusing: tuple[LoggedViolation, ...]
    number: int = 0


class PieceSums:
    """Both sums over a piece, with every name in it."""

    def __init__(self) -> None:
        self._tally = Tally(OF_PIECE)
        self._refused: dict[_Kind, _Refused] = {}
        self._others = 0

    @property
    def unreadable(self) -> int:
        """How many lines are no decisions."""
        return self._tally.unreadable

    @unreadable.setter
    def unreadable(self, number: int) -> None:
        self._tally.unreadable = number

    def add_alike(self, alike: Alike) -> None:
        """Count decisions by what was decided."""
        self._tally.add_alike(alike)

    def add_asked(self, decision: Logged, lines: int) -> None:
        """Count so many lines by who asked for what."""
        self._tally.add_asked(decision, lines)
        refusing = decision.refusing
        if refusing:
            # To find it by all that it says takes longer than the rest.
            key = decision.operation, decision.image, decision.user, id(refusing)
            known = self._refused.get(key)
            if known is None:
                known = self._refused[key] = _Refused(refusing)
            known.number += lines
        else:
            self._others += lines

    def add_time(self, time: float, outcome: str, number: int) -> None:
        """So many requests at a time."""
        self._tally.add_time(time, outcome, number)

    def keep(self, decision: Logged) -> None:
        """Note one of the latest decisions."""
        self._tally.keep(decision)

    def merge_into(self, tally: Tally, suggestions: Suggestions) -> None:
        """Add them to the sums of what comes before."""
        tally.merge(self._tally)
        for (operation, image, user, _), refused in self._refused.items():
            add_refused(suggestions, operation, image, user, refused.refusing, refused.number)
        suggestions.requests += self._others
