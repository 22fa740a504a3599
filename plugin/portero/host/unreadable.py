"""An error of reading the host becomes a refusal: what could not be read is not the same as nothing."""

from collections.abc import Iterator
from contextlib import contextmanager

from portero.refusals import Refused


@contextmanager
def refuse_unreadable() -> Iterator[None]:
    """Raises Refused (host-unreadable) for an OSError in the block."""
    try:
        yield
    except OSError as error:
        raise Refused("host-unreadable") from error
