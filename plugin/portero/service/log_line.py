"""A line of the decision log as text: JSON of schemas/decision.json, of one decision or of so many alike."""

import json
from dataclasses import dataclass

from portero.decision import Decision
from portero.types import JSON

# json.dumps would make one for each line. A line is a tree.
_WRITER = json.JSONEncoder(ensure_ascii=True, check_circular=False, separators=(",", ":"))


@dataclass(slots=True)
class LogLine:
    """The line of a decision. `alike`: how many it stands for."""

    decision: Decision
    microseconds: int
    alike: int = 1

    def text(self) -> str:
        """What json.dumps makes of Decision.line(), and `alike` where it is more than one; all of it is ASCII."""
        alike: dict[str, JSON] = {"alike": self.alike} if self.alike > 1 else {}
        return _WRITER.encode(self.decision.line(self.microseconds) | alike)
