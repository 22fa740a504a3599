"""The changes of a request, collected as flags: what is to be typed, what instead of what, what is to be left out."""

from dataclasses import dataclass, field

from portero.denial import Typed
from portero.flags import docker
from portero.flags.edits import Change

# A flag as `docker run` names it, and its value.
Flag = tuple[str, str]


@dataclass(slots=True)
class FlagChanges:
    """`added`, `instead` and `without`, each flag once, in order. What was added by one change another can replace."""

    operation: str
    added: dict[Flag, None] = field(default_factory=dict)
    instead: dict[Flag, None] = field(default_factory=dict)
    without: dict[Flag, None] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.added or self.instead or self.without)

    def note(self, flag: str, change: Change) -> None:
        """Take over what an edit of this flag did; the same change twice counts once."""
        gone = self.instead if change.added else self.without
        for one in [*((flag, value) for value in change.removed), *change.others]:
            if one in self.added:
                del self.added[one]
            else:
                gone[one] = None
        self.added |= dict.fromkeys((flag, value) for value in change.added)

    def write(self, flags: dict[Flag, None]) -> tuple[Typed, ...]:
        """The flags as the command behind the operation spells them."""
        found = ((docker.spelling(self.operation, flag), value) for flag, value in flags)
        return tuple(dict.fromkeys(one for spelt, value in found if spelt is not None for one in spelt.write(value)))
