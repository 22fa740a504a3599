"""Decisions are found in logs and rotated logs, and added up; no line is passed over in silence."""

import gzip
import json
import os
from pathlib import Path
from typing import Any

import pytest

from portero.tools.report import log_files
from portero.tools.report.log_files import add_logs
from portero.tools.report.log_tally import Tally
from tests.refused_stat import refuse_stat
from tests.tools.cli.running import fault_of, portero, read_json
from tests.tools.report.decisions import line, violation
from tests.tools.report.test_logged_decision import ID, OTHER, explain


@pytest.mark.parametrize("has_log", [True, False], ids=["beside a log", "where only they are left"])
def test_a_decision_is_looked_for_in_rotated_logs_too(tmp_path: Path, has_log: bool) -> None:
    if has_log:
        (tmp_path / "log.jsonl").write_bytes(line(id=OTHER))
    (tmp_path / "log.jsonl-20261123").write_bytes(line(id=OTHER))
    (tmp_path / "log.jsonl.2.gz").write_bytes(gzip.compress(line(user="bob")))

    assert read_json(portero("explain", ID, "--log", tmp_path / "log.jsonl", "--json"))["user"] == "bob"


def test_the_log_may_come_from_standard_input_or_the_environment(tmp_path: Path) -> None:
    (tmp_path / "log.jsonl").write_bytes(line(user="bob"))

    assert read_json(portero("explain", ID, "--log", "-", "--json", text=line(user="carol")))["user"] == "carol"
    assert read_json(portero("explain", ID, "--json", PORTERO_LOG=str(tmp_path / "log.jsonl")))["user"] == "bob"


def test_the_running_plugin_says_where_its_log_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    (tmp_path / "log.jsonl").write_bytes(line())
    monkeypatch.setattr(log_files, "ask_status", lambda socket: {"log": str(tmp_path / "log.jsonl")})

    assert portero("explain", ID).exit_code == 0


def test_without_a_log_one_has_to_be_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    nobody = fault_of(portero("explain", ID))
    monkeypatch.setattr(log_files, "ask_status", lambda socket: {"log": "-"})
    output = fault_of(portero("explain", ID))

    assert nobody == "portero: cannot reach the plugin to find its log; name the decision log with --log\n"
    assert "went to the standard output of `portero serve`; name the decision log with --log" in output


def test_a_user_who_may_not_read_the_log_is_told_who_may(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place = tmp_path / "log.jsonl"
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    assert fault_of(portero("explain", ID, "--log", place)) == (
        f"portero: {place}: No such file or directory; name the decision log with --log\n"
    )
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    missing = fault_of(portero("explain", ID, "--log", place))
    place.write_bytes(line())
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    unreadable = fault_of(portero("explain", ID, "--log", place))
    refuse_stat(monkeypatch, place)
    closed = fault_of(portero("explain", ID, "--log", place))

    assert missing == (
        f"portero: {place}: No such file or directory; decisions are for root: sudo portero explain ID; "
        "a rule that a denial names is for all: portero explain RULE\n"
    )
    assert unreadable == closed == missing.replace("No such file or directory", "Permission denied")


def test_decisions_in_the_journal_are_to_be_piped_in() -> None:
    words = "journalctl -t portero-decisions -o cat | portero explain ID --log -"
    assert words in fault_of(portero("explain", ID, "--log", "journald"))


def test_a_decision_that_is_nowhere_is_could_not(tmp_path: Path) -> None:
    # The id may stand in another field of another decision.
    fault = fault_of(explain(tmp_path, line(id=OTHER, user=ID) + b"torn " + ID.encode() + b"\n"))

    assert fault == (f"portero: {ID}: not found in {tmp_path}/log.jsonl; name the decision log with --log\n")


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


@pytest.mark.parametrize("words", [[], ["--benchmark", "cis"]], ids=["log", "benchmark"])
def test_files_without_a_decision_are_named(tmp_path: Path, words: list[str]) -> None:
    (tmp_path / "log").touch()
    fault = fault_of(portero("report", tmp_path / "log", "-", *words, text=b""))

    assert fault.endswith(f"{tmp_path}/log, -: no decisions found; name a log of portero (PORTERO_LOG)\n")


def test_probes_of_the_host_check_are_left_out(tmp_path: Path) -> None:
    (tmp_path / "log").write_bytes(line(violation("body-duplicate-name", level="always"), probe=True) + line())

    tally = Tally()
    assert [decision.is_probe for decision in add_logs([str(tmp_path / "log")], tally)] == [False]
    assert (tally.decisions, tally.unreadable) == (1, 0)
