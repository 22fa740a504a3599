"""The sums of pieces of a log give the page that the whole would give, with what is suggested there."""

from collections.abc import Sequence
from itertools import pairwise

import pytest

from portero.cli.report_sums import PieceSums
from portero.cli.suggest import add_refused
from portero.policy.policy import Policy
from portero.report import logged
from portero.report.repeated_lines import add_lines
from portero.report.tally import Tally
from portero.service.loading import judge_of
from portero.service.settings import Settings
from portero.suggest import text
from portero.suggest.collect import Suggestions
from tests.report.decisions import line, violation
from tests.report.test_repeated_lines import compact

LOG = [
    compact(violation("no-host-pid"), user="alice", image="netops/probe:1"),
    compact(user="bob"),
    compact(violation("no-host-pid"), id="d-000000000002", user="alice", image="netops/probe:1"),
    b"torn\n",
    compact(violation("body-hidden", level="always"), violation("no-host-pid"), user="bob"),
    line(violation("memory-limit", "audit"), user="carol"),
    compact(violation("memory-limit", "audit"), user="carol"),
    compact(violation("memory-limit", "waived", exception="probe"), user="dave", image=None),
    compact(violation("no-host-pid"), user="", image=None),
]


@pytest.fixture(scope="module")
def policy() -> Policy:
    return judge_of(Settings.read({"PORTERO_HOST_ROOT": "none"}, {}))[0].policy


@pytest.mark.parametrize("cuts", [[], [1], [2, 3, 7], [*range(1, len(LOG))]])
def test_pieces_suggest_what_the_whole_does(policy: Policy, cuts: Sequence[int]) -> None:
    tally, suggestions = Tally(), Suggestions(policy)
    for start, end in pairwise([0, *cuts, len(LOG)]):
        sums = PieceSums()
        add_lines(LOG[start:end], sums)
        sums.merge_into(tally, suggestions)

    whole = Suggestions(policy)
    for decision in (logged.read(each) for each in LOG if each != b"torn\n"):
        add_refused(whole, decision.operation, decision.image, decision.user, decision.refusing)
    assert (tally.decisions, tally.unreadable) == (8, 1)
    assert text.document(suggestions) == text.document(whole)
    assert (suggestions.requests, suggestions.refused) == (8, 6)
