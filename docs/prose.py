"""Lines of prose in Markdown: which are too long, and how they are wrapped. Tables, code and comments stay."""

import re
import textwrap
from collections.abc import Iterator

MAX_LETTERS = 160
_NO_PROSE = re.compile(r"\||<!--|#|!\[|- `[^`]*`$|\s*$")
_ITEM = re.compile(r"\s*(- |\d+\. )")
_CODE = re.compile(r"`[^`]{1,100}`")
# In docker-facts.md what shows a fact has lines of its own.
_EVIDENCE = re.compile(r"Test: |Measured, no test|Read, no test")
# What would begin another block at the beginning of a line.
_BEGINS_BLOCK = re.compile(r"([-+*>#|]|\d+[.)])")


def list_long_lines(text: str) -> list[int]:
    """The numbers of lines of prose that are too long, from 1."""
    return [number for number, line, is_prose in _list_lines(text) if is_prose and len(line) > MAX_LETTERS]


def wrap_prose(text: str) -> str:
    """The same text; a paragraph or entry of a list with a line that is too long is wrapped anew."""
    written: list[str] = []
    block: list[str] = []
    for _, line, is_prose in _list_lines(text):
        if not is_prose or _ITEM.match(line) or _EVIDENCE.match(line):
            written += _wrap_block(block)
            block = []
        if is_prose:
            block.append(line)
        else:
            written.append(line)
    return "\n".join([*written, *_wrap_block(block), ""])


def _list_lines(text: str) -> Iterator[tuple[int, str, bool]]:
    fenced = False
    for number, line in enumerate(text.splitlines(), 1):
        is_fence = line.lstrip().startswith("```")
        fenced = fenced != is_fence
        yield number, line, not (fenced or is_fence or _NO_PROSE.match(line))


def _wrap_block(block: list[str]) -> list[str]:
    if all(len(line) <= MAX_LETTERS for line in block):
        return block
    item = _ITEM.match(block[0])
    indent = " " * (item.end() if item else len(block[0]) - len(block[0].lstrip()))
    for width in range(MAX_LETTERS, MAX_LETTERS // 2, -1):
        lines = textwrap.wrap(
            # What is typed stays on one line.
            _CODE.sub(lambda code: code[0].replace(" ", "\0"), " ".join([block[0], *map(str.strip, block[1:])])),
            width,
            subsequent_indent=indent,
            break_long_words=False,
            break_on_hyphens=False,
        )
        if not any(_BEGINS_BLOCK.match(line.lstrip()) for line in lines[1:]):
            return [line.replace("\0", " ") for line in lines]
    return block
