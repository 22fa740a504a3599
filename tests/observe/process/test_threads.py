"""A thread that cannot be started now is started as soon as there is room."""

import threading

import pytest

from portero.observe.process import threads
from portero.observe.process.threads import run_within, start_thread


def test_a_thread_is_started_as_soon_as_there_is_room(monkeypatch: pytest.MonkeyPatch) -> None:
    ran, waited = threading.Event(), []
    start = threading.Thread.start

    def start_when_waited(thread: threading.Thread) -> None:
        if len(waited) < 2:
            raise RuntimeError("can't start new thread")
        start(thread)

    monkeypatch.setattr(threading.Thread, "start", start_when_waited)
    monkeypatch.setattr(threads.time, "sleep", waited.append)
    start_thread("test", ran.set)

    assert ran.wait(5)
    assert waited == [0.1, 0.1]


def test_a_thread_begins_again_after_an_error(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    ended, begun, waited = threading.Event(), [], []
    monkeypatch.setattr(threads.time, "sleep", waited.append)

    def fail_twice() -> None:
        begun.append(1)
        if len(begun) < 3:
            raise MemoryError
        ended.set()

    start_thread("test", fail_twice)

    assert ended.wait(5)
    assert (len(begun), waited) == (3, [1.0, 1.0])
    assert caplog.text.count("internal error in thread test") == 2


def test_what_takes_too_long_is_not_waited_for_and_an_error_is_told() -> None:
    hangs = threading.Event()
    with pytest.raises(TimeoutError):
        run_within(0.05, "test", hangs.wait)
    hangs.set()

    assert run_within(5, "test", lambda: 7) == 7
    with pytest.raises(KeyError, match="x"):
        run_within(5, "test", lambda: {}["x"])
