"""The operational log: what happens to Portero itself, one line a message on standard error.

Lines read `portero: text`, from level warning on `portero: warning: text`. A traceback follows on the same line, its
lines joined with ` | `. Modules log with `logging.getLogger(__name__)`; decisions go to the decision log instead.
"""

import logging
import sys

_CONTROL = {code: f"\\x{code:02x}" for code in (*range(0x20), *range(0x7F, 0xA0))} | {
    0x0A: "\\n",
    0x0D: "\\r",
    0x09: "\\t",
}


class OneLineFormatter(logging.Formatter):
    """Formats a record as one line; control characters are escaped."""

    def format(self, record: logging.LogRecord) -> str:
        level = f"{record.levelname.lower()}: " if record.levelno >= logging.WARNING else ""
        parts = [record.getMessage()]
        if record.exc_info:
            parts += [line.strip() for line in self.formatException(record.exc_info).splitlines()]
        return "portero: " + level + " | ".join(part.translate(_CONTROL) for part in parts if part)


class _StandardError(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        """One write a line, so that lines of several workers do not mix. A closed stream must not fail a request."""
        try:
            sys.stderr.write(self.format(record) + "\n")
            sys.stderr.flush()
        except (OSError, ValueError):
            pass


def start() -> None:
    """Send the package's messages from level info on to standard error; calling it again changes nothing."""
    logger = logging.getLogger("portero")
    logger.setLevel(logging.INFO)
    if not any(isinstance(handler, _StandardError) for handler in logger.handlers):
        handler = _StandardError()
        handler.setFormatter(OneLineFormatter())
        logger.addHandler(handler)
