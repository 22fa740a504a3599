"""A line of the decision log as text: JSON of schemas/decision.json, of one decision or of so many alike."""

import json
from dataclasses import dataclass

from portero.decision import LOG_VERSION, Decision
from portero.instants import instant

# json.dumps would make one for each line. A line is a tree.
_WRITER = json.JSONEncoder(ensure_ascii=True, check_circular=False, separators=(",", ":"))
# Characters of what is kept of a line where its decision is made again.
_LONGEST_KEPT = 8_192


@dataclass(slots=True)
class LogLine:
    """The line of a decision. `alike`: how many it stands for."""

    decision: Decision
    microseconds: int
    alike: int = 1

    def text(self) -> str:
        """What json.dumps makes of Decision.line(), and `alike` where it is more than one; all of it is ASCII."""
        decision = self.decision
        made = f'{{"version":{LOG_VERSION},"id":{_WRITER.encode(decision.id)},"time":"{instant(decision.time)}"'
        alike = f',"alike":{self.alike}' if self.alike > 1 else ""
        return f'{made},{_write_lasting(decision)},"microseconds":{self.microseconds}{alike}}}'


def _write_lasting(decision: Decision) -> str:
    """The members that are the same each time that a decision is made again, without the braces."""
    written = decision.written
    if written is not None and written.line:
        return written.line
    text = _WRITER.encode(decision.lasting_line())[1:-1]
    if written is not None and len(text) <= _LONGEST_KEPT:
        written.line = text
    return text
