"""Files are read line by line, plain or gzip; decision logs are added up, and no line is passed over in silence."""

import gzip
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from portero.tools.terminal.input_files import read_lines
from tests.refused_stat import refuse_stat
from tests.tools.cli.running import fault_of, portero
from tests.tools.report.decisions import line
from tests.tools.terminal.test_output import Terminal


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
