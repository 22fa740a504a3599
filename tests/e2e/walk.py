"""Pages whose blocks of commands are pasted: each with the output that follows it, where … stands for anything."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_BLOCK = re.compile(r"^```sh\n(?P<command>.*?)^```$(?:\n\n```text\n(?P<shown>.*?)^```$)?", re.MULTILINE | re.DOTALL)
ANYTHING = "…"


@dataclass(frozen=True, slots=True)
class Step:
    """A block of commands, and the output of all of them as the page shows it."""

    command: str
    shown: str

    def prints(self, output: str) -> bool:
        """Whether the page shows this output; a line of … alone is any number of lines. Nothing shown: not compared."""
        lines = [
            r"(?:.*\n)*" if line == ANYTHING else re.escape(line).replace(ANYTHING, ".*") + r"\n"
            for line in self.shown.splitlines()
        ]
        return not lines or re.fullmatch("".join(lines), output.rstrip("\n") + "\n") is not None


def read_steps(page: Path) -> Iterator[Step]:
    """The steps of a page, in its order."""
    return read_blocks(page.read_text())


def read_blocks(text: str) -> Iterator[Step]:
    """The steps of a part of a page."""
    for found in _BLOCK.finditer(text):
        yield Step(found["command"].rstrip("\n"), (found["shown"] or "").rstrip("\n"))
