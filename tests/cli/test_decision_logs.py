"""Decision logs are read in the order of their lines, and what is no decision is not passed over in silence."""

from pathlib import Path

import pytest

from portero.cli.decision_logs import check_read, read_decisions
from tests.report.decisions import line, violation


def test_every_line_of_all_files_is_a_decision_or_none(tmp_path: Path) -> None:
    first, second = tmp_path / "a.jsonl", tmp_path / "b.jsonl"
    first.write_bytes(line(violation()) + b"\n" + b"torn\n")
    second.write_bytes(line())

    found = list(read_decisions([str(first), str(second)]))

    assert [decision and decision.outcome for decision in found] == ["refused", None, "allowed"]


def test_files_without_a_decision_are_named(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        check_read(["a.jsonl", "b.jsonl"], 0, 0)

    assert ended.value.code == 2
    assert "a.jsonl, b.jsonl: no decisions found; name a log of portero (PORTERO_LOG)" in capsys.readouterr().err
