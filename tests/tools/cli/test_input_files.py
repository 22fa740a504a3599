"""Files are read line by line, plain or gzip; decision logs are added up, and no line is passed over in silence."""

import gzip
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from portero.tools.cli.input_files import add_logs, read_lines
from portero.tools.report.log_tally import Tally
from tests.refused_stat import refuse_stat
from tests.tools.cli.running import fault_of, portero
from tests.tools.cli.test_terminal import Terminal
from tests.tools.report.decisions import line, violation


def test_a_log_that_is_cut_short_is_could_not(tmp_path: Path) -> None:
    (tmp_path / "log.gz").write_bytes(gzip.compress(line() * 100)[:-9])

    result = portero("report", tmp_path / "log.gz")

    assert (result.exit_code, result.stderr) == (2, f"portero: {tmp_path}/log.gz: truncated, or not a gzip file\n")


def test_a_log_where_only_root_may_look_is_not_called_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place = tmp_path / "log.jsonl"
    refuse_stat(monkeypatch, place)
    assert f"'{place}': Permission denied; run it as root" in fault_of(portero("report", place))


def test_plain_and_compressed_files_have_the_same_lines(tmp_path: Path) -> None:
    (tmp_path / "log").write_bytes(b"a\n\nb")
    (tmp_path / "log.gz").write_bytes(gzip.compress(b"a\n\nb"))

    assert list(read_lines(str(tmp_path / "log"), 10)) == [b"a\n", b"\n", b"b"]
    assert list(read_lines(str(tmp_path / "log.gz"), 10)) == [b"a\n", b"\n", b"b"]


def test_a_line_that_is_too_long_comes_in_pieces(tmp_path: Path) -> None:
    (tmp_path / "log").write_bytes(b"abcdefg\n")

    assert list(read_lines(str(tmp_path / "log"), 3)) == [b"abc", b"def", b"g\n"]


def test_a_terminal_gets_a_bar_and_the_same_lines(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    (tmp_path / "log").write_bytes(b"a\n" * 1000)

    assert list(read_lines(str(tmp_path / "log"), 10)) == [b"a\n"] * 1000
    assert "100%" in terminal.getvalue()


def test_every_line_of_all_files_is_a_decision_or_none(tmp_path: Path) -> None:
    first, second = tmp_path / "a.jsonl", tmp_path / "b.jsonl"
    first.write_bytes(line(violation()) + b"\n \n" + b"torn\n")
    second.write_bytes(line())

    tally = Tally()
    assert [each.outcome for each in list(add_logs([str(first), str(second)], tally))] == ["refused", "allowed"]
    assert (tally.decisions, tally.unreadable) == (2, 1)


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
    result = portero("report", *asked, *(str(folder / name) for name in names))
    assert result.exit_code == 1
    if form == "html":
        return [each for each in result.stdout.splitlines() if "UTC" not in each and str(folder) not in each]
    document = json.loads(result.stdout)
    if form == "cis":
        del document["time"], document["log"]["files"]
    return document


def test_files_without_a_decision_are_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    logs = [str(tmp_path / "a.jsonl"), str(tmp_path / "b.jsonl")]
    for log in logs:
        Path(log).touch()

    with pytest.raises(SystemExit) as ended:
        list(add_logs(logs, Tally()))

    assert ended.value.code == 2
    assert f"{', '.join(logs)}: no decisions found; name a log of portero (PORTERO_LOG)" in capsys.readouterr().err


def test_probes_of_the_host_check_are_left_out(tmp_path: Path) -> None:
    (tmp_path / "log").write_bytes(line(violation("body-duplicate-name", level="always"), probe=True) + line())

    tally = Tally()
    assert [decision.is_probe for decision in add_logs([str(tmp_path / "log")], tally)] == [False]
    assert (tally.decisions, tally.unreadable) == (1, 0)


def test_a_pipe_without_a_writer_is_empty_and_one_with_a_writer_is_read(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    silent = portero("report", pipe)
    command = ["sh", "-c", f"sleep 0.2; cat {tmp_path}/log"]
    (tmp_path / "log").write_bytes(line())
    with subprocess.Popen(command, stdout=subprocess.PIPE) as writer:
        assert writer.stdout is not None
        read = portero("report", "--format", "json", f"/dev/fd/{writer.stdout.fileno()}")

    assert (silent.exit_code, "no decisions found" in silent.stderr) == (2, True)
    assert json.loads(read.stdout)["decisions"] == 1
