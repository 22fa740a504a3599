"""A process knows for how long the one that made it has been silent."""

import os
import time

from portero.service.pulse import Pulse


def test_one_that_never_beats_is_missed_too() -> None:
    pulse = Pulse()
    time.sleep(0.05)

    assert 0.05 <= pulse.silent_for() < 10


def test_a_process_that_was_forked_sees_the_beats() -> None:
    pulse = Pulse()
    process = os.fork()
    if process == 0:
        pulse.beat()
        os._exit(0)
    os.waitpid(process, 0)
    time.sleep(0.05)

    assert 0.05 <= pulse.silent_for() < 10
    pulse.beat()
    assert pulse.silent_for() < 0.05
