"""Pages whose console blocks are typed: each command with what it prints, where … stands for anything."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_BLOCK = re.compile(r"^```console\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_END = re.compile(r"<<'?(\w+)'?$")
ANYTHING = "…"
# Of root, and of anybody.
_PROMPTS = ("# ", "$ ")


@dataclass(frozen=True, slots=True)
class Step:
    """A command of one or, with a here document, several lines, and its output as the page shows it."""

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
    for block in _BLOCK.findall(text):
        lines = block.splitlines()
        while lines:
            command = [lines.pop(0)[len("# ") :]]
            if ends := _END.search(command[0]):
                while command[-1] != ends[1]:
                    command.append(lines.pop(0))
            shown = []
            while lines and not lines[0].startswith(_PROMPTS):
                shown.append(lines.pop(0))
            yield Step("\n".join(command), "\n".join(shown))
