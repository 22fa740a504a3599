"""Counts the requests that two policies decide differently, by rule, user, image and operation.

Only counts and some examples are stored, so a million requests need no more memory than a hundred.
"""

from collections import Counter

from portero.decide.values.dataclass import dataclass, field
from portero.decide.values.json_fields import JSON
from portero.tools.recording.recorded_line import Outcome

# Further names are counted together.
MAX_NAMES = 1000
MAX_EXAMPLES = 10
OTHERS = "(others)"
NONE = "(none)"
GROUPS = ("rule", "user", "image", "operation")


@dataclass(frozen=True, slots=True)
class ChangedDecision:
    """One request that is decided differently: its line in the recording, and the outcome that refuses it."""

    location: str
    id: str
    outcome: Outcome

    def make_document(self) -> dict[str, JSON]:
        outcome = self.outcome
        return {
            "line": self.location,
            "id": self.id,
            "operation": outcome.operation,
            "user": outcome.user,
            "image": outcome.image,
            "rules": [*outcome.rules],
            "at": outcome.at,
        }


@dataclass(slots=True)
class Changes:
    """The requests that changed in one direction: from allowed to refused, or back."""

    count: int = 0
    by: dict[str, Counter[str]] = field(default_factory=lambda: {group: Counter() for group in GROUPS})
    examples: list[ChangedDecision] = field(default_factory=list)

    def add(self, location: str, id: str, refused: Outcome) -> None:
        """Count one more; `refused`: the outcome that refuses it."""
        self.count += 1
        named = refused.rules, (refused.user,), (refused.image,), (refused.operation,)
        for counter, names in zip(self.by.values(), named, strict=True):
            for name in (each or NONE for each in names):
                counter[name if name in counter or len(counter) < MAX_NAMES else OTHERS] += 1
        if len(self.examples) < MAX_EXAMPLES:
            self.examples.append(ChangedDecision(location, id, refused))

    def make_document(self) -> dict[str, JSON]:
        groups: dict[str, JSON] = {group: {**dict(self.by[group].most_common())} for group in GROUPS}
        return {"count": self.count, "by": groups, "examples": [example.make_document() for example in self.examples]}


@dataclass(slots=True)
class Comparison:
    """The counts. `withheld`: requests that were not stored; `undecided`: no decision was recorded.

    `unvouched`: rules ask who vouches for images, which no recording says for another policy.
    """

    unchanged: int = 0
    withheld: int = 0
    unreadable: int = 0
    undecided: int = 0
    unvouched: int = 0
    refused: Changes = field(default_factory=Changes)
    allowed: Changes = field(default_factory=Changes)

    @property
    def compared(self) -> int:
        return self.unchanged + self.refused.count + self.allowed.count

    def add(self, location: str, id: str, before: Outcome, after: Outcome) -> None:
        """One request, as it was decided and as it would be now."""
        if before.allowed == after.allowed:
            self.unchanged += 1
        elif before.allowed:
            self.refused.add(location, id, after)
        else:
            self.allowed.add(location, id, before)

    def make_document(self) -> dict[str, JSON]:
        return {
            "compared": self.compared,
            "unchanged": self.unchanged,
            "notStored": self.withheld,
            "unreadable": self.unreadable,
            "withoutDecision": self.undecided,
            "vouchingUnknown": self.unvouched,
            "wouldBeRefused": self.refused.make_document(),
            "wouldBeAllowed": self.allowed.make_document(),
        }
