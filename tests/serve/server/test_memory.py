"""Free memory goes back to the system."""

import gc
import re
import subprocess
import sys
import threading
import time
import weakref
from itertools import pairwise
from pathlib import Path

import pytest

from portero.serve.application.reloading import reload
from portero.serve.server import memory
from portero.serve.server.memory import LargeRequests, give_back, share_with_forks, use_one_arena
from tests.serve.application.test_application import built
from tests.serve.server.commands import ask, create, serve
from tests.serve.server.running import started

_HELD = """
import re, sys, threading
from pathlib import Path
from portero.serve.server.memory import give_back, use_one_arena

def resident():
    return int(re.search(r"VmRSS:\\s+([0-9]+)", Path("/proc/self/status").read_text())[1]) / 1024

use_one_arena()
kept = []

def take():
    pieces = [b"x" * 100_000 for _ in range(300)]
    kept.append(pieces[-1])  # holds what lies below it

before = resident()
for _ in range(4):
    thread = threading.Thread(target=take)
    thread.start()
    thread.join()
give_back()
print(resident() - before)
"""


def test_what_many_threads_freed_goes_back_though_a_little_stays_in_use() -> None:
    done = subprocess.run([sys.executable, "-c", _HELD], capture_output=True, text=True, check=True)

    assert float(done.stdout) < 20


def test_no_thread_of_the_server_has_an_arena_of_its_own(tmp_path: Path) -> None:
    with started(serve(tmp_path), tmp_path / "portero.sock") as server:
        for _ in range(3):
            ask(server, create(Binds=["/srv:/srv"] * 10_000))

        assert [find_arenas(process) for process in (server.process.pid, *server.workers())] == [[], []]


def find_arenas(process: int) -> list[str]:
    """The addresses of glibc's arenas other than the first: each lies at a multiple of its size, 64 MiB.

    What is not in use of it is reserved. Other memory may begin at such an address, too.
    """
    maps = Path(f"/proc/{process}/maps").read_text()
    pieces = re.findall(r"^([0-9a-f]+)-([0-9a-f]+) (rw|--)-p 00000000 00:00 0 *$", maps, re.M)
    return [
        start
        for (start, end, use), (reserved, last, other) in pairwise(pieces)
        if (use, other) == ("rw", "--") and end == reserved and int(start, 16) % (64 << 20) == 0
        if int(last, 16) - int(start, 16) == 64 << 20
    ]


def test_what_was_made_before_a_fork_is_left_alone_by_the_collector() -> None:
    try:
        share_with_forks()

        assert gc.get_freeze_count() > 0
    finally:
        gc.unfreeze()


def test_nothing_of_an_old_policy_is_left_for_the_collector_to_find(tmp_path: Path) -> None:
    """So no reload makes the process larger, though what was frozen at the fork is never collected."""
    application = built(tmp_path)
    check = weakref.ref(next(iter(application.in_force.judge.policy.checks.values())).failures)
    gc.disable()
    try:
        application.in_force = reload(application)  # type: ignore[assignment]  # nothing changed meanwhile

        assert check() is None
    finally:
        gc.enable()


def test_another_c_library_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "_LIBRARY", object())

    use_one_arena()
    give_back()


def test_large_requests_wait_for_their_turns_and_leave_a_note() -> None:
    large = LargeRequests(1, lambda: None)
    entered = threading.Event()

    def serve() -> None:
        with large:
            entered.set()

    with large:
        waiting = threading.Thread(target=serve)
        waiting.start()
        assert not entered.wait(0.1)
        assert not large.were_served
    assert entered.wait(10)
    waiting.join()
    assert large.were_served


def test_a_few_large_requests_are_served_at_once_and_the_next_one_a_while_later(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(memory, "_TIMEOUT_SECONDS", 0.3)
    large, entered, may_leave = LargeRequests(3, lambda: None), threading.Semaphore(0), threading.Event()

    def serve() -> None:
        with large:
            entered.release()
            may_leave.wait(30)

    threads = [threading.Thread(target=serve) for _ in range(4)]
    for thread in threads:
        thread.start()
    began = time.monotonic()
    assert [entered.acquire(timeout=10) for _ in range(3)] == [True] * 3
    assert time.monotonic() - began > 0.2
    # No more than there are turns.
    assert not entered.acquire(timeout=0.5)
    may_leave.set()
    assert entered.acquire(timeout=10)
    for thread in threads:
        thread.join()
    # Each has given back what it took.
    assert [large._first.acquire(blocking=False) for _ in range(3)] == [True, True, False]


def test_a_large_request_that_fails_gives_its_turn_back() -> None:
    large = LargeRequests(1, lambda: None)
    for _ in range(2):
        with pytest.raises(TimeoutError), large:
            raise TimeoutError
    assert large.were_served
