"""Each block to copy on the pages of Start and Operate is pasted by tests/fleet, or carries a mark with the reason."""

import pytest

from tests.e2e.walk import Step, list_blocks
from tests.fleet.pages import WALKS, Walk, list_pages
from tests.paths import ROOT

from .architecture import make_site

FEWEST_WORDS = 3


def read(page: str) -> list[Step]:
    return [*list_blocks((ROOT / "docs" / page).read_text())]


def test_each_block_is_pasted_or_says_why_not() -> None:
    blocks = {page: read(page) for page in list_pages()}
    left = [
        (page, step.command) for page, steps in blocks.items() for step in steps if not step.why and page not in WALKS
    ]
    unknown = [
        (page, step.command)
        for page, steps in blocks.items()
        for step in steps
        if step.language not in ("sh", "json") and not step.why
    ]
    marks = [step.why for steps in blocks.values() for step in steps if step.why]

    assert left == unknown == []
    assert [why for why in marks if len(why.split()) < FEWEST_WORDS] == []
    assert sum(not step.why for steps in blocks.values() for step in steps) > 60


@pytest.mark.parametrize("page", WALKS)
def test_each_line_of_a_walk_belongs_to_a_block(page: str) -> None:
    walk: Walk = WALKS[page]
    pasted = [step.command for step in read(page) if not step.why]

    assert page in list_pages()
    assert pasted
    for begins in (*walk.between, *walk.answers):
        assert sum(command.startswith(begins) for command in pasted) == 1, begins
    for line, statuses in walk.ends.items():
        assert sum(command.splitlines()[-1] == line for command in pasted) >= len(statuses), line


def test_a_mark_belongs_to_the_block_behind_it_and_does_not_show_on_the_site() -> None:
    text = "1. x\n\n   <!-- not pasted: because it is so -->\n\n   ```sh\n   one\n   ```\n"
    text += "\n```sh\ntwo\n```\n\n```text\nout\n```\n"

    assert [*list_blocks(text)] == [Step("one", "", "sh", "because it is so"), Step("two", "out")]
    assert "not pasted" not in make_site.prepare_page("docs/x.md", text)
