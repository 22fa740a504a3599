"""No line of prose in a page is too long, and how lines are wrapped."""

import pytest

from .architecture import prose
from .test_documentation import PAGES

WORDS = " ".join(["word"] * 50)


def test_no_line_of_prose_is_longer_than_160_letters() -> None:
    assert {page: lines for page in PAGES if (lines := prose.list_long_lines(page.read_text()))} == {}


@pytest.mark.parametrize("line", [f"| {WORDS} |", f"```\n{WORDS}\n```", f"<!-- {WORDS} -->", f"# {WORDS}"])
def test_tables_code_comments_and_headings_keep_their_lines(line: str) -> None:
    assert prose.list_long_lines(line) == []
    assert prose.wrap_prose(f"{line}\n") == f"{line}\n"


def test_a_long_line_is_found_and_its_paragraph_wrapped() -> None:
    text = f"short\n\n{WORDS}\nlast\n\n- {WORDS}\n- next\n"
    wrapped = prose.wrap_prose(text)

    assert prose.list_long_lines(text) == [3, 6]
    assert prose.list_long_lines(wrapped) == []
    assert wrapped.split() == text.split()
    assert "\n  word" in wrapped
    assert wrapped.endswith("\n- next\n")


def test_no_line_of_a_wrapped_paragraph_begins_another_block() -> None:
    # 160 letters end before the number.
    wrapped = prose.wrap_prose(f"{'a' * 77} {'b' * 79} 1. and more words {'c' * 60}\n")

    assert not any(line.startswith("1. ") for line in wrapped.splitlines())
