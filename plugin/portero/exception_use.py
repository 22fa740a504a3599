"""How often each exception was used: decisions in, counts out. They are of this process alone and die with it."""

import threading
from collections import Counter
from collections.abc import Mapping

from portero.decision import Decision


class ExceptionUse:
    """Counts the decisions in which an exception waived something."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._used: Counter[str] = Counter()

    def count(self, decision: Decision) -> None:
        """Take notice of one decision."""
        used = {violation.exception for violation in decision.violations if violation.exception is not None}
        if used:
            with self._lock:
                self._used.update(used)

    def counts(self) -> Mapping[str, int]:
        """Decisions by the id of the exception; one that was never used is not there."""
        with self._lock:
            return dict(self._used)
