"""A reading counts for a while, for its root alone, and a failure is never one."""

import threading

import pytest

from portero.observe.host.read_ahead import ReadAhead

NONE, ONE = "none", "one"
FAILURE = OSError(24, "Too many open files")


class Readings:
    """Returns or raises one after the other, at a time that the test sets."""

    def __init__(self, *readings: str | OSError) -> None:
        self.now = 100.0
        self.readings = list(readings)
        self.read_in: list[str] = []
        self.roots: list[str] = []
        self.done = threading.Event()
        self.cache = ReadAhead(self.read, lambda: self.now)

    def read(self, root: str) -> str:
        self.read_in.append(threading.current_thread().name)
        self.done.set()
        self.roots.append(root)
        reading = self.readings.pop(0) if self.readings else NONE
        if isinstance(reading, OSError):
            raise reading
        return reading


def test_a_reading_is_kept_for_ten_seconds() -> None:
    readings = Readings(NONE, ONE)
    assert readings.cache.read() == NONE

    readings.now = 109.9
    assert readings.cache.read() == NONE
    readings.now = 110.0
    assert readings.cache.read() == ONE


def test_a_failed_refresh_leaves_the_last_reading_until_it_is_too_old() -> None:
    readings = Readings(ONE, FAILURE, FAILURE)
    readings.cache.read()
    readings.now = 109.0
    readings.cache.refresh()

    assert readings.cache.read() == ONE
    readings.now = 110.0
    with pytest.raises(OSError, match="Too many open files"):
        readings.cache.read()


def test_a_failed_reading_is_not_kept() -> None:
    readings = Readings(FAILURE, ONE)

    with pytest.raises(OSError, match="Too many open files"):
        readings.cache.read()
    assert readings.cache.read() == ONE


def test_a_request_reads_nothing_once_the_thread_has() -> None:
    readings = Readings(ONE)
    readings.cache.watch("sockets")
    assert readings.done.wait(5)

    assert readings.cache.read() == ONE
    assert readings.read_in == ["sockets"]


def test_each_root_is_read_by_itself_and_few_are_cached() -> None:
    readings = Readings()
    for root in map(str, range(9)):
        readings.cache.read(root)
    readings.cache.read("8")
    readings.cache.read("0")

    assert readings.roots == [*map(str, range(9)), "0"]
    readings.cache.refresh()
    assert readings.roots[10:] == [*map(str, range(2, 9)), "0"]
