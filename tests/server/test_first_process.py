"""A plugin that cannot start stays until dockerd ends it."""

import os
import signal
import threading
import time
from collections.abc import Iterator

import pytest

from portero.server import start_up
from portero.server.start_up import wait_for_end


@pytest.fixture
def first(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    before = signal.pthread_sigmask(signal.SIG_BLOCK, ())
    monkeypatch.setattr(start_up, "_FIRST_PROCESS", os.getpid())
    yield
    signal.pthread_sigmask(signal.SIG_SETMASK, before)


def test_any_other_process_ends_at_once() -> None:
    began = time.monotonic()

    wait_for_end(30)

    assert time.monotonic() - began < 5


@pytest.mark.usefixtures("first")
def test_the_first_process_waits_for_its_time() -> None:
    began = time.monotonic()

    wait_for_end(0.2)

    assert time.monotonic() - began >= 0.2


@pytest.mark.usefixtures("first")
def test_the_first_process_ends_at_dockerd_s_signal() -> None:
    signal.pthread_sigmask(signal.SIG_BLOCK, (signal.SIGTERM,))
    # To this thread alone: threads that other tests leave behind do not block the signal and would end the tests.
    signal.pthread_kill(threading.get_ident(), signal.SIGTERM)
    began = time.monotonic()

    wait_for_end(30)

    assert time.monotonic() - began < 5
