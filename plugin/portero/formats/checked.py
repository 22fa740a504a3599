"""One decision with where it came from."""

from dataclasses import dataclass

from portero.decision import Decision


@dataclass(frozen=True, slots=True)
class Checked:
    """`file` and `line` as they were given; `name`: what in it was judged, such as a service of a compose file."""

    file: str
    line: int | None
    name: str
    decision: Decision

    @property
    def location(self) -> str:
        """Where it stands, for people."""
        line = "" if self.line is None else f":{self.line}"
        return f"{self.file}{line}{f' ({self.name})' if self.name else ''}"
