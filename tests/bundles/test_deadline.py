"""Work that takes too long ends, wherever it is."""

import signal
import time
from contextlib import suppress

import pytest

from portero.bundles.deadline import DeadlinePassed, ends_within


def work_for_ever() -> None:
    """As a library may do it."""
    while True:
        with suppress(Exception):
            sum(range(1000))


def test_work_of_the_processor_ends_too_even_where_every_error_is_swallowed() -> None:
    began = time.monotonic()
    with pytest.raises(DeadlinePassed), ends_within(0.2):
        work_for_ever()

    assert time.monotonic() - began < 10


def test_what_is_done_in_time_is_left_alone_and_no_signal_comes_later() -> None:
    before = signal.getsignal(signal.SIGALRM)
    with ends_within(0.2):
        pass
    time.sleep(0.4)

    assert signal.getsignal(signal.SIGALRM) is before
    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)
