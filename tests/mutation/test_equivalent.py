"""The list of equivalent mutants is about the code as it is."""

from tests.mutation.equivalent import Equivalent, read_list
from tests.paths import PACKAGE


def _is_current(entry: Equivalent) -> bool:
    lines = [line.strip() for line in (PACKAGE / entry.module).read_text().splitlines()]
    return entry.line in lines and entry.mutant != entry.line


def test_each_listed_line_is_still_in_its_module() -> None:
    assert [entry for entry in read_list() if not _is_current(entry)] == []


def test_each_entry_has_a_reason() -> None:
    assert [entry for entry in read_list() if len(entry.reason.split()) < 4] == []


def test_no_mutant_is_listed_twice() -> None:
    listed = [(entry.module, entry.line, entry.mutant) for entry in read_list()]

    assert len(set(listed)) == len(listed)
