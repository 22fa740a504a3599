"""The refusals that come before any rule: what could not be read, and is therefore never allowed.

Each has a stable code. A code names what could not be understood, never a value of the request.
"""

from collections.abc import Mapping
from types import MappingProxyType

from portero.decide.values.dataclass import dataclass
from portero.decide.values.errors import PorteroError
from portero.decide.values.tables import read_rows


@dataclass(frozen=True, slots=True)
class Refusal:
    """The words of one refusal code: a title that is true when it is obeyed, the reason, the remedy."""

    title: str
    reason: str
    remedy: str


CODES: Mapping[str, Refusal] = MappingProxyType(
    {code: Refusal(*words) for code, *words in read_rows(__file__, "refusals.tsv")}
)

# Of lookups: the daemon is not to blame.
_OF_REQUEST = frozenset({"name-ambiguous", "too-many-looks", "too-many-objects"})


class Refused(PorteroError):
    """A request that cannot be read. `code`: one of CODES (else KeyError); `at`: where in it, never a value of it."""

    def __init__(self, code: str, at: str = "") -> None:
        self.refusal, self.code, self.at = CODES[code], code, at
        super().__init__(f"{code} at {at}" if at else code)


def locate_lookup(refused: Refused, at: str) -> Refused:
    """What a lookup at this place was refused for. Else whatever is wrong there, the request is not to blame."""
    return Refused(refused.code if refused.code in _OF_REQUEST else "lookup-failed", at)
