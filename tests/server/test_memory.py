"""Free memory goes back to the system."""

import subprocess
import sys
import threading

import pytest

from portero.server import memory
from portero.server.memory import FreeMemory, LargeRequests

_HELD = """
import re, sys, threading
from pathlib import Path
from portero.server.memory import FreeMemory

def resident():
    return int(re.search(r"VmRSS:\\s+([0-9]+)", Path("/proc/self/status").read_text())[1]) / 1024

free = FreeMemory()
kept = []

def take():
    pieces = [b"x" * 100_000 for _ in range(300)]
    kept.append(pieces[-1])  # holds what lies below it

before = resident()
for _ in range(4):
    thread = threading.Thread(target=take)
    thread.start()
    thread.join()
free.give_back()
print(resident() - before)
"""


def test_what_many_threads_freed_goes_back_though_a_little_stays_in_use() -> None:
    done = subprocess.run([sys.executable, "-c", _HELD], capture_output=True, text=True, check=True)

    assert float(done.stdout) < 20


def test_another_c_library_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory.ctypes, "CDLL", lambda name: object())

    FreeMemory().give_back()


def test_large_requests_wait_for_their_turns_and_leave_a_note() -> None:
    large = LargeRequests(1)
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


def test_a_large_request_that_fails_gives_its_turn_back() -> None:
    large = LargeRequests(1)
    for _ in range(2):
        with pytest.raises(TimeoutError), large:
            raise TimeoutError
    assert large.were_served
