"""On PYTHONPATH: the clock of the process can be stepped, by the seconds that the file CLOCK_FILE holds as a double."""

import mmap
import os
import time

with open(os.environ["CLOCK_FILE"], "r+b") as file:
    _step = memoryview(mmap.mmap(file.fileno(), 8)).cast("d")
_clock = time.time
time.time = lambda: _clock() + _step[0]
time.time_ns = lambda: int(time.time() * 1e9)
