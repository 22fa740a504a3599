"""The operational log: what happens to Portero itself, one line a message on standard error.

Lines read `portero: text`, from level warning on `portero: warning: text`. A traceback follows on the same line, its
lines joined with ` | `. Modules log with `logging.getLogger(__name__)`; decisions go to the decision log instead.
"""

import logging
import select
import sys
from contextlib import suppress

_CONTROL = {code: f"\\x{code:02x}" for code in (*range(0x20), *range(0x7F, 0xA0))} | {
    0x0A: "\\n",
    0x0D: "\\r",
    0x09: "\\t",
}
# Seconds to wait for a reader of standard error.
_TIMEOUT = 1.0


class OneLineFormatter(logging.Formatter):
    """Formats a record as one line; control characters are escaped."""

    def format(self, record: logging.LogRecord) -> str:
        level = f"{record.levelname.lower()}: " if record.levelno >= logging.WARNING else ""
        parts = [record.getMessage()]
        if record.exc_info:
            parts += [line.strip() for line in self.formatException(record.exc_info).splitlines()]
        return "portero: " + level + " | ".join(part.translate(_CONTROL) for part in parts if part)


class _StandardError(logging.Handler):
    """Standard error. Lines are lost while it is not read: no request may wait for its message."""

    # Lines since the last one that was written in whole, and whether a part of one was.
    _lost = 0
    _torn = False

    def emit(self, record: logging.LogRecord) -> None:
        """One write a line, so that lines of several processes do not mix. A closed stream must not fail a request."""
        with suppress(OSError, ValueError):
            self._write(self.format(record) + "\n")

    def _write(self, line: str) -> None:
        timeout = _TIMEOUT
        if self._lost:
            end = "\n" if self._torn else ""
            timeout = 0.0
            line = f"{end}portero: warning: {_count_lost(self._lost)}\n{line}"
        # Where a pipe takes anything it takes as much at once (pipe(7), PIPE_BUF).
        for start in range(0, len(line), select.PIPE_BUF):
            if not _has_room(timeout):
                self._lost += 1
                self._torn = self._torn or start > 0
                return
            sys.stderr.write(line[start : start + select.PIPE_BUF])
            sys.stderr.flush()
        self._lost, self._torn = 0, False


def _count_lost(number: int) -> str:
    lost = "a message was" if number == 1 else f"{number} messages were"
    return f"{lost} lost: standard error was full; see that what reads it (journald, a pipe, a terminal) goes on"


def _has_room(seconds: float) -> bool:
    """Whether standard error takes a line within this time."""
    poll = select.poll()
    try:
        poll.register(sys.stderr, select.POLLOUT)
    except (OSError, ValueError):  # not a file, or closed
        return True
    return bool(poll.poll(seconds * 1000))


def start() -> None:
    """Send the package's messages from level info on to standard error; calling it again changes nothing."""
    logger = logging.getLogger("portero")
    logger.setLevel(logging.INFO)
    if not any(isinstance(handler, _StandardError) for handler in logger.handlers):
        handler = _StandardError()
        handler.setFormatter(OneLineFormatter())
        logger.addHandler(handler)


def redirect_logger(logger: logging.Logger) -> None:
    """Write the messages of another library's logger as our own, in place of what it did with them."""
    start()
    logger.handlers = [*logging.getLogger("portero").handlers]
