"""The application that answers, and how another takes its place: as a whole, and in every process.

The master alone reads the folders and decides what is in force. Each worker follows it in a thread of its own; a
request is answered by the one application that was in force when it came.
"""

import os
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable

from portero.service.application import Application
from portero.service.shared_policy import Bulletin
from portero.service.watch import Watch
from portero.types import JSON

# A change is seen at one look, found at rest at the next, loaded, and followed: well within two seconds altogether.
LOOK_EVERY = 0.3
_FOLLOW_EVERY = 0.1


class Live:
    """`watch` was made before the application was; `say` is told of each application that takes over."""

    def __init__(self, application: Application, watch: Watch, say: Callable[[Application], None]) -> None:
        self._application = application
        self._watch = watch
        self._say = say
        self._bulletin = Bulletin()
        self._next_look = 0.0

    def answer(self, data: bytes) -> dict[str, JSON]:
        """The reply to one AuthZReq."""
        return self._application.answer(data)

    def failure(self) -> dict[str, JSON]:
        """The reply when portero itself fails."""
        return self._application.failure()

    def health(self) -> dict[str, JSON]:
        """How portero is, in short."""
        return self._application.health()

    def status(self) -> dict[str, JSON]:
        """How portero is, in full."""
        return self._application.status()

    def figures(self) -> bytes:
        """The metrics, as Prometheus reads them."""
        return self._application.figures()

    def tend(self) -> None:
        """Of the master: look at the folders when it is time to, and load them when a change has come to rest."""
        if time.monotonic() >= self._next_look:
            self._next_look = time.monotonic() + LOOK_EVERY
            if self._watch.at_rest():
                self.reload()

    def reload(self) -> None:
        """Of the master: load the folders now. Neither what is wrong with them nor with us ends the master."""
        try:
            self._reload()
        except Exception as error:  # noqa: BLE001 - see above: the policy before it stays in force
            traceback.print_exception(error, file=sys.stderr)

    def _reload(self) -> None:
        before = self._watch.look()
        fresh = self._application.reloaded(lambda: self._watch.look() == before)
        if fresh is None:
            return
        self._watch.take(before)
        # In this order: a worker that is made later starts with what all the others follow.
        self._bulletin.put(fresh.notice)
        self._application = fresh
        self._say(fresh)

    def follow(self) -> None:
        """Of a worker: take over whatever the master has taken, from now on."""
        threading.Thread(target=self._follow, name="policy", daemon=True).start()

    def _follow(self) -> None:
        while True:
            time.sleep(_FOLLOW_EVERY)
            self.catch_up()

    def catch_up(self) -> None:
        """Of a worker: take over what the master has taken since. A worker that cannot ends, and another is made."""
        try:
            notice = self._bulletin.news()
            if notice is not None:
                self._application = self._application.following(notice)
        except Exception as error:  # noqa: BLE001 - a worker must not go on under a policy that is no longer in force
            traceback.print_exception(error, file=sys.stderr)
            print("portero: this worker cannot load what its master has loaded, and is replaced", file=sys.stderr)
            os.kill(os.getpid(), signal.SIGTERM)
