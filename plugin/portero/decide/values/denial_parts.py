"""What a denial shows: the words for a violation, and what would be allowed instead. Plain values."""

from collections.abc import Mapping
from typing import TypeAlias

from portero.decide.values.dataclass import dataclass, field

# A flag and its value as typed; a switch has none.
Typed: TypeAlias = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Proposed:
    """What would be allowed instead: flags to add right behind `command`, flags that they replace, flags to leave out.

    `still`: rules that refuse even then, since they propose nothing. `line`: the same as text for the user, in the
    words of docker or of a compose file; empty where they have no word for it. `homes`: the line for a service that
    has its limits beside deploy, and for one that has them below it, for who knows the file.
    """

    command: str
    add: tuple[Typed, ...] = ()
    instead: tuple[Typed, ...] = ()
    without: tuple[Typed, ...] = ()
    still: tuple[str, ...] = ()
    line: str = ""
    homes: tuple[str, ...] = ()

    def entry(self) -> dict[str, list[list[str]] | list[str]]:
        """`try` in the line of the decision log."""
        entry: dict[str, list[list[str]] | list[str]] = {
            "add": [[*flag] for flag in self.add],
            "instead": [[*flag] for flag in self.instead],
            "without": [[*flag] for flag in self.without],
        }
        return entry | ({"still": [*self.still]} if self.still else {})


@dataclass(frozen=True, slots=True)
class Wording:
    """How a denial shows a violation. Rules with one `entry` are shown together, in this `order`; of the rules with
    one `cause` at one place, the worst alone. `beside`: a rule that shows this violation too.

    `requested`: what the request asks for, `allowed`: what it may; both empty where something is missing. `part`: words
    in common with other parts of the entry, and its own.
    """

    entry: str
    order: int = 0
    cause: str = ""
    beside: str = ""
    part: tuple[str, str] | None = None
    requested: str = ""
    allowed: str = ""
    text: str = ""
    cure: Mapping[str, str] = field(default_factory=dict)
