"""A reader that has seen enough, as head has, ends a command as it ends other tools: by SIGPIPE, 141 to a shell."""

import os
import select
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO


@contextmanager
def ended_by_its_reader() -> Iterator[None]:
    """End the process where its block could not write, since the reader of its output is gone.

    Other pipes and sockets that break are an error like any other. Python ignores SIGPIPE, and `portero serve` must.
    """
    try:
        yield
    except BrokenPipeError:
        if not any(map(_has_no_reader, (sys.stdout, sys.stderr))):
            raise
        signal.signal(signal.SIGPIPE, signal.SIG_DFL)
        os.kill(os.getpid(), signal.SIGPIPE)


def _has_no_reader(stream: TextIO) -> bool:
    try:
        number = stream.fileno()
    except OSError:  # not a file
        return False
    poll = select.poll()
    poll.register(number, 0)
    return any(happened & select.POLLERR for _, happened in poll.poll(0))
