"""An error of reading the host becomes a refusal: what could not be read is not the same as nothing."""

from types import TracebackType

from portero.refusals import Refused


class RefuseUnreadable:
    """Raises Refused (host-unreadable) for an OSError in a block. A generator would take four times as long."""

    def __enter__(self) -> None:
        """Nothing to prepare."""

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if isinstance(error, OSError):
            raise Refused("host-unreadable") from error


_BLOCK = RefuseUnreadable()


def refuse_unreadable() -> RefuseUnreadable:
    """For `with`: an OSError in the block is raised as Refused (host-unreadable)."""
    return _BLOCK
