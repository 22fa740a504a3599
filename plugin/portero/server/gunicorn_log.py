"""Gunicorn's messages as our own: a line each, and no process waits for the reader of standard error."""

# gunicorn has no types of its own.
from gunicorn.config import Config  # type: ignore[import-untyped]
from gunicorn.glogging import Logger  # type: ignore[import-untyped]

from portero.operational_log import write_as_own


class GunicornLog(Logger):  # type: ignore[misc]  # see above: no types
    """What gunicorn's setting `logger_class` names."""

    def setup(self, cfg: Config) -> None:
        """Called once, before the first message."""
        super().setup(cfg)
        write_as_own(self.error_log)
