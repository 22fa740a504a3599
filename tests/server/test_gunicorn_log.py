"""Gunicorn's messages in the real server: lines of our own, which wait for nobody."""

import os
import signal
import subprocess
import sys
from pathlib import Path

from tests.paths import ROOT
from tests.server.commands import ask, serve
from tests.server.running import Server, started, wait_until_it_answers
from tests.server.test_log_failures import READ, fill
from tests.waiting import wait_until


def test_a_killed_worker_is_a_line_of_our_own(tmp_path: Path) -> None:
    with started(serve(tmp_path, "--workers", "2"), tmp_path / "portero.sock") as server:
        wait_until(lambda: len(server.workers()) == 2, "two workers")
        first = server.workers()[0]
        os.kill(first, signal.SIGKILL)
        wait_until(lambda: first not in server.workers() and len(server.workers()) == 2, "a worker in its place")
        _, errors = server.stop()

    told = [line for line in errors.splitlines() if str(first) in line]
    assert told == [f"portero: error: Worker (pid:{first}) was sent SIGKILL! Perhaps out of memory?"]


def test_a_stalled_standard_error_keeps_no_worker_from_being_replaced(tmp_path: Path) -> None:
    """Gunicorn's master says that a worker was killed."""
    reader, writer = os.pipe()
    words = serve(tmp_path, "--workers", "2")
    environ = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT / "plugin")}
    process = subprocess.Popen([sys.executable, *words], env=environ, stderr=writer, text=True)
    server = Server(process, tmp_path / "portero.sock")
    try:
        wait_until_it_answers(server)
        wait_until(lambda: len(server.workers()) == 2, "two workers")
        fill(writer)
        before = server.workers()
        os.kill(before[0], signal.SIGKILL)
        wait_until(lambda: len({*server.workers()} - {*before}) == 1, "a worker in its place")
        assert ask(server, READ)["Allow"] is True
        status, _ = server.stop()
    finally:
        process.kill()
        os.close(reader)
        os.close(writer)

    assert status == 0
