"""A good reading is kept for five seconds; a failed one is never kept, and never taken for an empty one."""

import pytest

from portero.host.held_sockets import HeldSockets, UnreadSockets
from portero.host.sockets import ListeningSocket, ListeningSockets

NONE = ListeningSockets(())
ONE = ListeningSockets((ListeningSocket("/run/d.sock", "dockerd", 7, 0),))
FAILURE = OSError(24, "Too many open files")


class Readings:
    """Returns or raises one after the other, at a time that the test sets."""

    def __init__(self, *readings: ListeningSockets | OSError) -> None:
        self.now = 100.0
        self.readings = list(readings)
        self.held = HeldSockets(self.read, lambda: self.now)

    def read(self) -> ListeningSockets:
        reading = self.readings.pop(0)
        if isinstance(reading, OSError):
            raise reading
        return reading


def test_a_good_reading_is_kept_for_five_seconds() -> None:
    readings = Readings(NONE, ONE)
    assert readings.held.current() == NONE

    readings.now = 104.9
    assert readings.held.current() == NONE
    readings.now = 105.0
    assert readings.held.current() == ONE


def test_a_failed_reading_leaves_the_last_good_one() -> None:
    readings = Readings(ONE, FAILURE)
    readings.held.current()
    readings.now += 10

    assert readings.held.current() == ONE


def test_a_failed_reading_is_not_kept() -> None:
    readings = Readings(ONE, FAILURE, NONE)
    readings.held.current()
    readings.now += 10
    readings.held.current()

    assert readings.held.current() == NONE


def test_before_the_first_good_reading_the_state_is_unread_and_not_empty() -> None:
    readings = Readings(FAILURE, FAILURE, ONE)

    assert readings.held.state() == UnreadSockets(FAILURE)
    with pytest.raises(OSError, match="Too many open files"):
        readings.held.current()
    assert readings.held.current() == ONE
