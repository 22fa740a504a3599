"""Decisions that are counted together."""

from portero.report import logged
from portero.report.alike import Alike
from tests.report.decisions import SECONDS, line


def test_a_decision_alone_is_one_line_at_its_time() -> None:
    decision = logged.read(line())

    assert Alike.of(decision) == Alike(decision, 1, SECONDS, SECONDS)


def test_lines_that_stand_for_several_requests_count_as_so_many() -> None:
    assert Alike(logged.read(line(alike=7)), 3, SECONDS, SECONDS).number == 21
