"""One decision with where it came from."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from portero.decision import Decision

FindLine: TypeAlias = Callable[[str], tuple[str, int] | None]


def no_line(at: str) -> tuple[str, int] | None:
    """For files in which no place of a request has a line of its own."""
    return None


@dataclass(frozen=True, slots=True)
class Checked:
    """`file` and `line` as they were given; `name`: what in it was judged, such as a service of a compose file.

    `find_line`: the file and the line behind a place in the request.
    """

    file: str
    line: int | None
    name: str
    decision: Decision
    find_line: FindLine = no_line

    @property
    def location(self) -> str:
        """Where it stands, for people."""
        line = "" if self.line is None else f":{self.line}"
        return f"{self.file}{line}{f' ({self.name})' if self.name else ''}"

    def place(self, at: str) -> tuple[str, int | None]:
        """The file and the line behind `at`, else those of the whole."""
        return self.find_line(at) or (self.file, self.line)
