"""A reading is kept for ten seconds; a failed one is never kept, and never taken for an empty one."""

import threading
from pathlib import Path

import pytest

from portero.host.listening_sockets import read_sockets
from portero.host.socket_cache import HeldSockets
from portero.host.sockets import ListeningSocket, ListeningSockets
from tests.host.proc_tree import line, process

NONE = ListeningSockets(())
ONE = ListeningSockets((ListeningSocket("/run/d.sock", "/run/d.sock", 7, 0),))
FAILURE = OSError(24, "Too many open files")


class Readings:
    """Returns or raises one after the other, at a time that the test sets."""

    def __init__(self, *readings: ListeningSockets | OSError) -> None:
        self.now = 100.0
        self.readings = list(readings)
        self.read_in: list[str] = []
        self.done = threading.Event()
        self.held = HeldSockets(self.read, lambda: self.now)

    def read(self) -> ListeningSockets:
        self.read_in.append(threading.current_thread().name)
        self.done.set()
        reading = self.readings.pop(0) if self.readings else NONE
        if isinstance(reading, OSError):
            raise reading
        return reading


def test_a_reading_is_kept_for_ten_seconds() -> None:
    readings = Readings(NONE, ONE)
    assert readings.held.current() == NONE

    readings.now = 109.9
    assert readings.held.current() == NONE
    readings.now = 110.0
    assert readings.held.current() == ONE


def test_a_socket_that_was_handed_on_to_root_is_root_s_at_the_next_reading(tmp_path: Path) -> None:
    lines = line(1, "/srv/s.sock")
    process(tmp_path, 7, "helper", lines, inodes=(1,), uid=1000)
    held = HeldSockets(lambda: read_sockets(tmp_path))
    held.refresh()
    process(tmp_path, 3, "master", lines, inodes=(1,))
    held.refresh()

    assert held.current().of_root.list_held("/srv") == {"/srv/s.sock"}


def test_a_failed_refresh_leaves_the_last_reading_until_it_is_too_old() -> None:
    readings = Readings(ONE, FAILURE, FAILURE)
    readings.held.current()
    readings.now = 109.0
    readings.held.refresh()

    assert readings.held.current() == ONE
    readings.now = 110.0
    with pytest.raises(OSError, match="Too many open files"):
        readings.held.current()


def test_a_failed_reading_is_not_kept() -> None:
    readings = Readings(FAILURE, ONE)

    with pytest.raises(OSError, match="Too many open files"):
        readings.held.current()
    assert readings.held.current() == ONE


def test_a_request_reads_nothing_once_the_thread_has() -> None:
    readings = Readings(ONE)
    readings.held.watch()
    assert readings.done.wait(5)

    assert readings.held.current() == ONE
    assert readings.read_in == ["sockets"]
