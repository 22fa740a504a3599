"""A decision log that cannot be written shows everywhere, and holds up nobody."""

import json
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.serve.server.commands import ask, create, run, serve, serve_patched
from tests.serve.server.running import Server, started
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


def test_a_log_on_a_full_disk_is_status_1_and_in_the_metrics(tmp_path: Path) -> None:
    with started(serve(tmp_path, "--log", "/dev/full"), tmp_path / "portero.sock") as server:
        healthy = run("status", "--socket", str(server.socket))
        answer = ask(server, create())
        seen = [attention(server) for _ in range(10)]
        after = run("status", "--socket", str(server.socket))
        text = server.text("/metrics")

    assert healthy.returncode == 0
    assert answer["Allow"] is False
    assert all("the decision log could not be written at" in line for (line,) in seen)
    assert after.returncode == 1
    assert "portero_log_failures_total 1.0" in text
    assert "portero_log_stalled_writes 0.0" in text


def test_a_stalled_standard_output_refuses_changes_and_holds_up_no_read(tmp_path: Path) -> None:
    reader, writer = os.pipe()
    fill(writer)
    with started(serve(tmp_path, "--log", "-"), tmp_path / "portero.sock", stdout=writer) as server:
        began = time.monotonic()
        first = ask(server, create())
        took_first = time.monotonic() - began
        began = time.monotonic()
        answers = [(server.allows(READ), server.allows(create())) for _ in range(20)]
        took = time.monotonic() - began
        seen = attention(server)
        os.read(reader, 1 << 20)
        later = ask(server, create(Memory=1 << 20, MemorySwap=1 << 20))
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


@pytest.mark.parametrize(
    ("make", "why"),
    [
        (Path.mkdir, "Is a directory"),
        (os.mkfifo, "is not a regular file"),
        (lambda path: path.symlink_to(path), "symbolic"),
    ],
    ids=["folder", "pipe", "loop"],
)
def test_a_log_that_cannot_be_opened_at_the_start_is_like_a_full_one_until_it_can_be(
    tmp_path: Path, make: Callable[[Path], None], why: str
) -> None:
    log, harmless = tmp_path / "log", create(Memory=1 << 20, MemorySwap=1 << 20)
    make(log)
    checked = run("serve", "--check", "--socket", str(tmp_path / "portero.sock"), "--log", str(log))
    with started(serve(tmp_path, "--log", str(log)), tmp_path / "portero.sock") as server:
        read, refused, seen = ask(server, READ), ask(server, harmless), server.ask("GET", "/healthz")[1]["attention"]
        log.rmdir() if log.is_dir() else log.unlink()
        allowed, mended = ask(server, harmless), server.ask("GET", "/healthz")[1]["attention"]
        status, errors = server.stop()

    assert (checked.returncode, why in checked.stderr) == (2, True)
    assert read["Allow"] is True
    assert "log-failure" in refused["Msg"]
    assert any(line.startswith(f"PORTERO_LOG: {log}: ") and why in line for line in seen)
    assert "until then PORTERO_LOG_FAILURE=deny counts" in errors
    assert "log-failure" not in allowed["Msg"]
    assert not any(line.startswith("PORTERO_LOG") for line in mended)
    assert status == 0


def test_a_write_that_hangs_is_known_to_the_others(tmp_path: Path) -> None:
    patch = """
import os, time
from portero.serve.decision_log import log_file
find_size = log_file.find_size
def hang_when_asked(place, identity):
    while os.path.exists(place + '.hang'): time.sleep(0.05)
    return find_size(place, identity)
log_file.find_size = hang_when_asked
"""
    hang = tmp_path / "decisions.jsonl.hang"
    with started(serve_patched(patch, tmp_path), tmp_path / "portero.sock") as server:
        hang.touch()
        with server.asking(create()) as (connection,):
            assert soon(lambda: attention(server), 25)
            seen = attention(server)
            # A change that cannot be logged meanwhile is refused, and does not wait for ever.
            assert "log-failure" in ask(server, create())["Msg"]
            hang.unlink()
            assert connection.getresponse().status == 200
        afterwards = attention(server)

    assert seen == ["a write to the decision log does not end: look at the disk or the reader behind PORTERO_LOG"]
    assert not [line for line in afterwards if "does not end" in line]


@pytest.mark.parametrize("sync", ["interval", "each"])
def test_a_synced_log_has_the_lines_of_a_killed_portero(tmp_path: Path, sync: str) -> None:
    with started(serve(tmp_path, "--log-sync", sync), tmp_path / "portero.sock") as server:
        answers = [ask(server, create()) for _ in range(5)]
        time.sleep(1.2)
        for worker in server.workers():
            os.kill(worker, signal.SIGKILL)
        assert server.ask("GET", "/status")[1]["logSync"] == sync

    assert len(answers) == len((tmp_path / "decisions.jsonl").read_text().splitlines()) == 5


# Killed inside the write, as by the kernel when memory runs out.
KILLED = """
import os, signal
whole = os.write
def write(descriptor, data):
    if b'"kill"' not in bytes(data): return whole(descriptor, data)
    whole(descriptor, data[:100])
    os.kill(os.getpid(), signal.SIGKILL)
os.write = write
"""


@pytest.mark.parametrize("place", ["decisions.jsonl", "-"])
def test_a_line_behind_that_of_a_killed_decider_is_a_line_of_its_own(tmp_path: Path, place: str) -> None:
    killing = json.dumps(json.loads(create()) | {"User": "kill"}).encode()
    words = serve_patched(KILLED, tmp_path, *(["--log", "-"] if place == "-" else []))
    output = tmp_path / place
    with (
        output.open("ab") as opened,
        started(words, tmp_path / "portero.sock", stdout=opened.fileno()) as server,
    ):
        ask(server, create())
        with pytest.raises(OSError):  # noqa: PT011 - whichever: there is no answer
            ask(server, killing)
        for _ in range(3):
            ask(server, create())

    first, torn, *others = output.read_text().splitlines()
    assert len(torn) == 100
    assert [json.loads(line)["operation"] for line in (first, *others)] == ["ContainerCreate"] * 4
