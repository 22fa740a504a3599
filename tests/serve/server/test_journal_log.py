"""Portero with the journal as its only log: with a journald that is gone, what changes something is refused."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.paths import ROOT
from tests.serve.decision_log.journald import Journald, journald, needs_journald
from tests.serve.server.commands import ask, create, serve
from tests.serve.server.running import Server, started

READ = b'{"RequestMethod": "GET", "RequestUri": "/v1.45/containers/json"}'
pytestmark = needs_journald


def answers(server: Server) -> list[bool]:
    return [bool(ask(server, request)["Allow"]) for request in (create(), create(Privileged=True), READ)]


@pytest.mark.parametrize("log_failure", ["deny", "allow"])
def test_a_journald_that_is_gone_refuses_changes_as_the_setting_says(tmp_path: Path, log_failure: str) -> None:
    with journald() as journal:
        words = serve(tmp_path, "--log", "journald", "--log-failure", log_failure, "--profile", "baseline")
        with started(words, tmp_path / "portero.sock", enter=journal.enter) as server:
            before = answers(server)
            entries = journal.read_until(3)
            journal.kill()
            away = answers(server)
            attention = server.ask("GET", "/healthz")[1]["attention"]
            journal.start()
            after = answers(server)

    assert before == after == [True, False, True]
    assert away == [log_failure == "allow", False, True]
    assert [entry["PORTERO_OPERATION"] for entry in entries] == ["ContainerCreate", "ContainerCreate", "ContainerList"]
    assert any("the decision log could not be written" in line for line in attention)


def test_a_journald_that_is_missing_at_the_start_is_told(tmp_path: Path) -> None:
    with journald() as journal:
        journal.kill()
        done = _run(journal, *serve(tmp_path, "--log", "journald"))

    assert done.returncode == 2
    assert "PORTERO_LOG: journald: No such file or directory; start systemd-journald" in done.stderr


def test_the_journal_is_read_back_by_report_and_explain(tmp_path: Path) -> None:
    with journald() as journal:
        with started(serve(tmp_path, "--log", "journald"), tmp_path / "portero.sock", enter=journal.enter) as server:
            answers(server)
            (entry, *_) = journal.read_until(3)
        lines = _run_words(*journal.enter, "journalctl", "-t", "portero-decisions", "-o", "cat", "-q").stdout
        report = _run(journal, "-m", "portero", "report", "--json", "-", given=lines)
        id = str(entry["PORTERO_ID"])
        explained = _run(journal, "-m", "portero", "explain", id, "--log", "-", given=lines)

    assert json.loads(report.stdout)["decisions"] == 3
    assert explained.returncode == 0
    assert f"{id}: ContainerCreate was" in explained.stdout


def _run(journal: Journald, *words: str, given: str = "") -> "subprocess.CompletedProcess[str]":
    return _run_words(*journal.enter, "env", f"PYTHONPATH={ROOT / 'plugin'}", sys.executable, *words, given=given)


def _run_words(*words: str, given: str = "") -> "subprocess.CompletedProcess[str]":
    return subprocess.run(words, input=given, capture_output=True, text=True, timeout=60, check=False)
