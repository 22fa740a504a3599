"""Decision logs are read in the order of their lines, and what is no decision is not passed over in silence."""

import gzip
import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from portero.cli import main
from portero.cli.log_files import check_read, read_decisions
from tests.report.decisions import line, violation


def test_every_line_of_all_files_is_a_decision_or_none(tmp_path: Path) -> None:
    first, second = tmp_path / "a.jsonl", tmp_path / "b.jsonl"
    first.write_bytes(line(violation()) + b"\n \n" + b"torn\n")
    second.write_bytes(line())

    found = list(read_decisions([str(first), str(second)]))

    assert [each.outcome if each else None for each in found] == ["refused", None, "allowed"]


@pytest.mark.parametrize("form", ["html", "json", "cis"])
def test_rotated_logs_give_the_report_that_one_log_would(tmp_path: Path, form: str) -> None:
    lines = [
        line(
            *([violation(), violation("no-host-pid", action="audit", at=f"at-{number % 60}")] if number % 3 else []),
            id=f"d-{number:012}",
            time=f"2026-11-24T16:{number % 60:02}:00.{number:03}Z",
            user=f"user-{number % 7}",
            image=f"image-{number % 11}",
        )
        for number in range(500)
    ]
    lines[70:70] = [b"torn\n", b"\n", b"x" * 5_000 + b"\n"]
    (tmp_path / "whole.jsonl").write_bytes(b"".join(lines))
    (tmp_path / "log.1.gz").write_bytes(gzip.compress(b"".join(lines[:300])))
    (tmp_path / "log").write_bytes(b"".join(lines[300:]))

    rotated, whole = report(form, tmp_path, "log.1.gz", "log"), report(form, tmp_path, "whole.jsonl")

    assert rotated == whole


def report(form: str, folder: Path, *names: str) -> Any:
    """The report without what says when it was made, and of which files."""
    asked = ["--benchmark", "cis", "--json"] if form == "cis" else ["--format", form]
    result = CliRunner().invoke(main, ["report", *asked, *(str(folder / name) for name in names)])
    assert result.exit_code == 1
    if form == "html":
        return [each for each in result.stdout.splitlines() if "UTC" not in each and str(folder) not in each]
    document = json.loads(result.stdout)
    if form == "cis":
        del document["time"], document["log"]["files"]
    return document


def test_files_without_a_decision_are_named(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        check_read(["a.jsonl", "b.jsonl"], 0)

    assert ended.value.code == 2
    assert "a.jsonl, b.jsonl: no decisions found; name a log of portero (PORTERO_LOG)" in capsys.readouterr().err
