"""Decision logs are read in the order of their lines, and what is no decision is not passed over in silence."""

import gzip
import json
import os
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from portero.cli import lines, main
from portero.cli.decision_logs import add_logs, check_read
from portero.report.tally import Tally
from tests.report.decisions import line, violation
from tests.report.test_repeated_lines import compact


def test_every_line_of_all_files_is_a_decision_or_none(tmp_path: Path) -> None:
    first, second = tmp_path / "a.jsonl", tmp_path / "b.jsonl"
    first.write_bytes(line(violation()) + b"\n" + b"torn\n")
    second.write_bytes(line())
    pieces: list[Tally] = []

    add_logs([str(first), str(second)], Tally, pieces.append)

    assert [(dict(each.outcomes), each.unreadable) for each in pieces] == [({"refused": 1}, 1), ({"allowed": 1}, 0)]


@pytest.mark.parametrize("form", ["html", "json", "cis"])
def test_a_log_in_pieces_gives_the_same_report(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, form: str) -> None:
    log = b"".join(
        compact(
            *([violation(), violation("no-host-pid", action="audit", at=f"at-{number % 60}")] if number % 3 else []),
            id=f"d-{number:012}",
            time=f"2026-11-24T16:{number % 60:02}:00.{number:03}Z",
            user=f"user-{number % 7}",
            image=f"image-{number % 11}",
        )
        for number in range(500)
    )
    log = log[:20_000] + b"torn\n\n" + b"x" * 5_000 + log[20_000:] + log[:700]
    (tmp_path / "a.jsonl").write_bytes(log)
    (tmp_path / "a.jsonl.1.gz").write_bytes(gzip.compress(log))

    def report() -> Any:
        asked = ["--benchmark", "cis", "--json"] if form == "cis" else ["--format", form]
        result = CliRunner().invoke(main, ["report", *asked, *map(str, sorted(tmp_path.iterdir()))])
        assert result.exit_code == 1
        return result.stdout if form == "html" else {**json.loads(result.stdout), "time": None}

    whole = report()
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: {0, 1})
    monkeypatch.setattr(lines.pieces, "__defaults__", (10_000,))

    cut = report()

    assert without_time(cut) == without_time(whole)


def without_time(report: Any) -> Any:
    """A page says when it was made."""
    return [each for each in report.splitlines() if "UTC" not in each] if isinstance(report, str) else report


def test_files_without_a_decision_are_named(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        check_read(["a.jsonl", "b.jsonl"], 0, 0)

    assert ended.value.code == 2
    assert "a.jsonl, b.jsonl: no decisions found; name a log of portero (PORTERO_LOG)" in capsys.readouterr().err
