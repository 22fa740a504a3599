"""Free memory goes back to the system."""

import subprocess
import sys

import pytest

from portero.server import memory
from portero.server.memory import FreeMemory

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
