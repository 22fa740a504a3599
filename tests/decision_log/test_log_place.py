"""What PORTERO_LOG names."""

import pytest

from portero.decision_log.log_state import is_file


@pytest.mark.parametrize(
    ("place", "file"), [("-", False), ("journald", False), ("/var/log/p.jsonl", True), ("p", True)]
)
def test_all_but_standard_output_and_the_journal_is_a_file(place: str, file: bool) -> None:
    assert is_file(place) is file
