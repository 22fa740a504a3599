"""Pages whose blocks of commands are pasted: each with the output that follows it, where … stands for anything."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from textwrap import dedent

_BLOCK = re.compile(
    r"(?:^ *<!-- not pasted: (?P<why>[^\n]+) -->\n\n)?^ *```(?P<language>\w*)\n(?P<text>.*?)^ *```$"
    r"(?:\n\n *```text\n(?P<shown>.*?)^ *```$)?",
    re.MULTILINE | re.DOTALL,
)
ANYTHING = "…"


@dataclass(frozen=True, slots=True)
class Step:
    """A block of commands or of a file, and the output of all of them as the page shows it.

    `why`: the reason of its mark, where it cannot be pasted.
    """

    command: str
    shown: str
    language: str = "sh"
    why: str = ""

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
    return (step for step in list_blocks(text) if step.language == "sh")


def list_blocks(text: str) -> Iterator[Step]:
    """All blocks to copy of a part of a page: commands, and files. What is only shown has the language text."""
    for found in _BLOCK.finditer(text):
        if found["language"] != "text":
            command, shown = (dedent(found[part] or "").rstrip("\n") for part in ("text", "shown"))
            yield Step(command, shown, found["language"], found["why"] or "")
