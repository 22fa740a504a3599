"""A socket whose file was removed: dockerd cannot connect any more, and Portero notices before dockerd tries."""

import logging

from portero.server.listener import Listener, SocketTaken, listen
from portero.service.retry import Retry

_LOG = logging.getLogger(__name__)


class LostSocket:
    """Looks after the file of `listener`, which is replaced when the file was lost."""

    def __init__(self, listener: Listener) -> None:
        self.listener = listener
        self._retry = Retry()

    def make_anew(self, now: float) -> bool:
        """Whether there is another listener now, in place of one whose file is gone; `now` is time.monotonic()."""
        try:
            is_lost = self.listener.is_lost()
        except OSError:  # unknown now, and looked at again
            return False
        if not is_lost:
            self._retry.succeed()
            return False
        if self._retry.is_waiting(now):
            return False
        name, path = self.listener.name, self.listener.path
        try:
            if path is None:
                cure = "systemctl restart portero.socket portero.service"
                raise SocketTaken(f"{name}: was removed, and dockerd cannot connect: {cure}")
            self.listener = listen(path)
        except (SocketTaken, OSError) as error:
            _LOG.error("%s", error)
            self._retry.fail(now)
            return False
        _LOG.warning("%s: was removed, and is made anew", name)
        self._retry.succeed()
        return True
