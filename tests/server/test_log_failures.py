"""A decision log that cannot be written shows everywhere, and holds up nobody."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from tests.paths import ROOT
from tests.server.commands import ask, create, run, serve
from tests.server.running import Server, started, wait_until_it_answers
from tests.waiting import soon

READ = b'{"RequestMethod": "GET", "RequestUri": "/v1.45/containers/json"}'


def attention(server: Server) -> list[str]:
    """What needs attention about the log; no dockerd is behind these requests, which needs attention too."""
    found: list[str] = server.ask("GET", "/healthz")[1]["attention"]
    return [line for line in found if "decision log" in line]


def fill(pipe: int) -> None:
    """Write until it takes no more."""
    os.set_blocking(pipe, False)
    while True:
        try:
            os.write(pipe, b"x" * 4096)
        except BlockingIOError:
            break
    os.set_blocking(pipe, True)


def test_a_log_on_a_full_disk_is_status_1_in_every_worker_and_in_the_metrics(tmp_path: Path) -> None:
    with started(serve(tmp_path, "--log", "/dev/full"), tmp_path / "portero.sock") as server:
        healthy = run("status", "--socket", str(server.socket))
        answer = ask(server, create())
        seen = [attention(server) for _ in range(10)]
        after = run("status", "--socket", str(server.socket))
        metrics = server.connection()
        metrics.request("GET", "/metrics")
        text = metrics.getresponse().read().decode()
        metrics.close()

    assert healthy.returncode == 0
    assert answer["Allow"] is False
    assert all("the decision log could not be written at" in line for (line,) in seen)
    assert after.returncode == 1
    assert "portero_log_failures_total 1.0" in text
    assert "portero_log_stalled_writes 0.0" in text


def test_a_stalled_standard_output_refuses_changes_and_holds_up_no_read(tmp_path: Path) -> None:
    reader, writer = os.pipe()
    fill(writer)
    process = subprocess.Popen(
        [sys.executable, *serve(tmp_path, "--log", "-", "--workers", "1")],
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT / "plugin")},
        stdout=writer,
        stderr=subprocess.PIPE,
        text=True,
    )
    server = Server(process, tmp_path / "portero.sock")
    try:
        wait_until_it_answers(server)
        began = time.monotonic()
        first = ask(server, create())
        took_first = time.monotonic() - began
        began = time.monotonic()
        answers = [(ask(server, READ)["Allow"], ask(server, create())["Allow"]) for _ in range(20)]
        took = time.monotonic() - began
        seen = attention(server)
        os.read(reader, 1 << 20)
        later = ask(server, create(Memory=1 << 20, MemorySwap=1 << 20))
    finally:
        status, _ = server.stop()
        os.close(reader)
        os.close(writer)

    assert "log-failure" in first["Msg"]
    assert 1.5 < took_first < 10
    assert answers == [(True, False)] * 20
    assert took < 5
    assert "the decision log could not be written at" in seen[0]
    assert "log-failure" not in later["Msg"]
    assert status == 0


def test_a_pipe_that_nobody_reads_is_no_log(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")

    ran = run("serve", "--socket", str(tmp_path / "portero.sock"), "--log", str(tmp_path / "pipe"))

    assert ran.returncode == 2
    assert "pipe: is not a regular file; name a file that can be written" in ran.stderr


def test_without_room_for_the_metrics_it_serves_and_says_so_once(tmp_path: Path) -> None:
    # As with a full /dev/shm: no file there gets its blocks.
    code = (
        "import errno, os, sys\n"
        "def full(*_): raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))\n"
        "os.posix_fallocate = full\n"
        "from portero.cli import main\n"
        "main(sys.argv[3:])\n"
    )
    with started(["-c", code, *serve(tmp_path, "--workers", "1")], tmp_path / "portero.sock") as server:
        assert ask(server, create(Privileged=True))["Allow"] is False
        metrics: Any = server.connection()
        metrics.request("GET", "/metrics")
        text = metrics.getresponse().read().decode()
        metrics.close()
        _, errors = server.stop()

    assert 'portero_decisions_total{operation="ContainerCreate",outcome="refused"} 1.0' in text
    warning = "no room for the metrics in /dev/shm (No space left on device): each worker counts on its own"
    assert errors.count(warning) == 1


def test_a_write_that_hangs_in_one_worker_is_known_to_the_other(tmp_path: Path) -> None:
    # Stopped inside the write, as in a file system that hangs.
    code = (
        "import os, signal, sys, time\n"
        "from portero.service import line_writer\n"
        "find_size = line_writer.find_size\n"
        "def stop():\n"
        "    os.kill(os.getpid(), signal.SIGSTOP)\n"
        "    time.sleep(0.5)\n"  # another thread may be the one that gets the signal
        "def stop_when_asked(place, identity):\n"
        "    hang = place + '.hang'\n"
        "    if os.path.exists(hang): os.unlink(hang); stop()\n"
        "    return find_size(place, identity)\n"
        "line_writer.find_size = stop_when_asked\n"
        "from portero.cli import main\n"
        "main(sys.argv[3:])\n"
    )
    with started(["-c", code, *serve(tmp_path, "--workers", "2")], tmp_path / "portero.sock") as server:
        assert soon(lambda: len(server.workers()) == 2)
        (tmp_path / "decisions.jsonl.hang").touch()
        connection = server.connection()
        connection.request("POST", "/AuthZPlugin.AuthZReq", create())
        seen, end = [], time.monotonic() + 25
        while not seen and time.monotonic() < end:
            time.sleep(0.2)
            seen = attention(server)
        for worker in server.workers():
            os.kill(worker, signal.SIGCONT)
        allowed = connection.getresponse().status
        connection.close()
        afterwards = attention(server)

    assert seen == ["a write to the decision log does not end: look at the disk or the reader behind PORTERO_LOG"]
    assert allowed == 200
    assert afterwards == []


@pytest.mark.parametrize("sync", ["interval", "each"])
def test_a_synced_log_has_the_lines_of_a_killed_portero(tmp_path: Path, sync: str) -> None:
    with started(serve(tmp_path, "--log-sync", sync), tmp_path / "portero.sock") as server:
        answers = [ask(server, create()) for _ in range(5)]
        time.sleep(1.2)
        for worker in server.workers():
            os.kill(worker, signal.SIGKILL)
        assert server.ask("GET", "/status")[1]["logSync"] == sync

    assert len(answers) == len((tmp_path / "decisions.jsonl").read_text().splitlines()) == 5


def test_reads_that_share_a_line_have_one_when_portero_ends(tmp_path: Path) -> None:
    log = tmp_path / "log.jsonl"
    with started(serve(tmp_path, "--log", str(log)), tmp_path / "portero.sock", PORTERO_LOG_READS="1000") as server:
        for _ in range(40):
            assert ask(server, READ)["Allow"]
        assert len(log.read_text().splitlines()) <= 2  # the first of each worker

    assert sum(json.loads(line).get("alike", 1) for line in log.read_text().splitlines()) == 40


def test_a_line_behind_that_of_a_killed_worker_is_a_line_of_its_own(tmp_path: Path) -> None:
    # Killed inside the write, as by the kernel when memory runs out.
    code = (
        "import os, signal, sys\n"
        "from portero.service import line_writer\n"
        "whole = os.write\n"
        "def write(descriptor, data):\n"
        "    if b'\"kill\"' not in data: return whole(descriptor, data)\n"
        "    whole(descriptor, data[:100])\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
        "line_writer.os.write = write\n"
        "from portero.cli import main\n"
        "main(sys.argv[3:])\n"
    )
    killing = json.dumps(json.loads(create()) | {"User": "kill"}).encode()
    with started(["-c", code, *serve(tmp_path, "--workers", "2")], tmp_path / "portero.sock") as server:
        ask(server, create())
        with pytest.raises(OSError):  # noqa: PT011 - whichever: there is no answer
            ask(server, killing)
        for _ in range(3):
            ask(server, create())

    first, torn, *others = (tmp_path / "decisions.jsonl").read_text().splitlines()
    assert len(torn) == 100
    assert [json.loads(line)["operation"] for line in (first, *others)] == ["ContainerCreate"] * 4
