"""Brings the decision log to a receiver, line by line, and remembers how far it came.

At least once: after a connection broke, what the receiver had not taken is sent again. Each line has an ID of its own.
"""

import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Protocol

from portero.forwarding import state as forward_state
from portero.forwarding.state import ForwardState
from portero.forwarding.tail import LogTail, Position

_LOG = logging.getLogger(__name__)
# Seconds between two looks at a log that has nothing new, and the longest wait after failures.
_PAUSE, _LONGEST_PAUSE = 0.5, 60.0
# Lines that are sent before the position is written down.
_BATCH = 500


class LineSender(Protocol):
    """A way to a receiver. Both methods raise OSError, after which it is of no use."""

    def send(self, lines: Sequence[bytes]) -> None:
        """Send these lines of the log, and return once they count as delivered."""

    def close(self) -> None:
        """Let go of it."""


class Receiver(Protocol):
    """Who gets the lines, in whatever form it asks for."""

    @property
    def name(self) -> str:
        """What faults call it."""

    def connect(self) -> LineSender:
        """Raises OSError."""


@dataclass(slots=True)
class Shipper:
    """One log, one receiver. `file`: where the state is kept."""

    log: Path
    receiver: Receiver
    file: Path
    state: ForwardState = field(default_factory=ForwardState)
    _tail: LogTail | None = field(default=None, init=False)
    _sender: LineSender | None = field(default=None, init=False)

    def step(self) -> bool:
        """Send what is new; whether there was something. The state says how it went."""
        try:
            lines = self._send_next()
        except FileNotFoundError as error:
            # The receiver's socket may be what is missing; a log that is not there yet is no fault.
            if error.filename == str(self.log):
                return False
            self._fail(f"{self.receiver.name}: {error.strerror}")
            return False
        except OSError as error:
            self._fail(f"{self.receiver.name}: {error.strerror or error}")
            return False
        if lines or self.state.fault or not self.state.succeeded:
            self._note(replace(self.state, succeeded=time.time(), failures=0, fault=""))
        return lines > 0

    def _send_next(self) -> int:
        if self._tail is None:
            self._tail = LogTail(self.log, Position(self.state.inode, self.state.offset, self.state.head))
        lines, after = self._tail.read()
        self._sender = self._sender or self.receiver.connect()
        for first in range(0, len(lines), _BATCH):
            self._sender.send(lines[first : first + _BATCH])
        self._tail.take(after)
        gaps, self._tail.gaps = self._tail.gaps, 0
        self.state = replace(
            self.state,
            inode=after.inode,
            offset=after.offset,
            head=after.head,
            sent=self.state.sent + len(lines),
            gaps=self.state.gaps + gaps,
            behind=self._tail.count_behind(),
        )
        return len(lines)

    def close(self) -> None:
        """Let go of the receiver."""
        if self._sender is not None:
            self._sender.close()
            self._sender = None

    def _fail(self, fault: str) -> None:
        self.close()
        if fault != self.state.fault:
            _LOG.error("lines of the decision log are not delivered: %s", fault)
        behind = self._tail.count_behind() if self._tail is not None else 0
        self._note(replace(self.state, failures=self.state.failures + 1, fault=fault, behind=behind))

    def _note(self, state: ForwardState) -> None:
        self.state = state
        try:
            forward_state.write(self.file, state)
        except OSError as error:
            _LOG.error("cannot write %s: %s", self.file, error.strerror)

    def run(self) -> None:
        """Go on for as long as the process runs."""
        while True:
            if not self.step():
                time.sleep(min(_PAUSE * 2 ** min(self.state.failures, 10), _LONGEST_PAUSE))
