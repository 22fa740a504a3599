"""Files read line by line, as they are or through gzip."""

import gzip
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from portero.cli import main
from portero.cli.input_files import lines
from tests.cli.test_progress import Terminal
from tests.refused_stat import refuse_stat
from tests.report.decisions import line


def run(*arguments: object, text: bytes | None = None) -> Result:
    return CliRunner().invoke(main, [*map(str, arguments)], input=text, env={"PORTERO_SOCKET": "/nowhere.sock"})


def test_a_log_that_is_cut_short_is_could_not(tmp_path: Path) -> None:
    (tmp_path / "log.gz").write_bytes(gzip.compress(line() * 100)[:-9])

    result = run("report", tmp_path / "log.gz")

    assert (result.exit_code, result.stderr) == (2, f"portero: {tmp_path}/log.gz: truncated, or not a gzip file\n")


def test_a_log_where_only_root_may_look_is_not_called_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place = tmp_path / "log.jsonl"
    refuse_stat(monkeypatch, place)
    result = run("report", place)

    assert result.exit_code == 2
    assert f"'{place}': Permission denied; run it as root" in result.stderr


def test_plain_and_compressed_files_have_the_same_lines(tmp_path: Path) -> None:
    (tmp_path / "log").write_bytes(b"a\n\nb")
    (tmp_path / "log.gz").write_bytes(gzip.compress(b"a\n\nb"))

    assert list(lines(str(tmp_path / "log"), 10)) == [b"a\n", b"\n", b"b"]
    assert list(lines(str(tmp_path / "log.gz"), 10)) == [b"a\n", b"\n", b"b"]


def test_a_line_that_is_too_long_comes_in_pieces(tmp_path: Path) -> None:
    (tmp_path / "log").write_bytes(b"abcdefg\n")

    assert list(lines(str(tmp_path / "log"), 3)) == [b"abc", b"def", b"g\n"]


def test_a_terminal_gets_a_bar_and_the_same_lines(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    (tmp_path / "log").write_bytes(b"a\n" * 1000)

    assert list(lines(str(tmp_path / "log"), 10)) == [b"a\n"] * 1000
    assert "100%" in terminal.getvalue()
