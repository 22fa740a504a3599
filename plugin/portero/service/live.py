"""Keeps the application's policy up to date, in every process.

Only the master reads the policy folders. Each worker follows it in a thread; a request is answered by what is in force
when it arrives.
"""

import logging
import os
import signal
import time
from collections.abc import Callable

from portero.service import reloading
from portero.service.application import Application
from portero.service.shared_policy import Bulletin
from portero.service.watch import Watch
from portero.threads import start_thread

# A change is seen at one look, found at rest at the next, loaded, and followed: well within two seconds altogether.
LOOK_EVERY = 0.3
_FOLLOW_EVERY = 0.1
_LOG = logging.getLogger(__name__)


class Live:
    """`watch` was made before the application was; `report` is called after each reload, failed ones too."""

    def __init__(self, application: Application, watch: Watch, report: Callable[[Application], None]) -> None:
        self.application = application
        self._watch = watch
        self._report = report
        self._bulletin = Bulletin()
        self._next_look = 0.0

    def tend(self) -> None:
        """In the master: look at the folders when it is time to, and load them when a change has come to rest."""
        if time.monotonic() >= self._next_look:
            self._next_look = time.monotonic() + LOOK_EVERY
            if self._watch.at_rest():
                self.reload()

    def reload(self) -> None:
        """In the master: load the folders now. No error ends the master."""
        try:
            self._reload()
        except Exception as error:  # noqa: BLE001 - see above: the old policy stays in force
            _LOG.error("internal error while reloading the policy", exc_info=error)

    def _reload(self) -> None:
        before = self._watch.look()
        in_force = reloading.reload(self.application, lambda: self._watch.look() == before)
        if in_force is None:
            return
        self._watch.take(before)
        # In this order: a worker that is made later starts with what all the others follow.
        self._bulletin.put(in_force.notice)
        self.application.in_force = in_force
        self._report(self.application)

    def follow(self) -> None:
        """In a worker: start a thread that takes over what the master loads, and one that watches the host."""
        self.application.in_force.judge.host.watch()
        self.application.log.watch()
        start_thread("policy", self._follow)

    def _follow(self) -> None:
        while True:
            time.sleep(_FOLLOW_EVERY)
            self.catch_up()

    def catch_up(self) -> None:
        """In a worker: take over what the master loaded since. A worker that fails ends and is replaced."""
        try:
            notice = self._bulletin.news()
            if notice is not None:
                self.application.in_force = reloading.follow(self.application, notice)
        except Exception as error:  # noqa: BLE001 - a worker must not go on under a policy that is no longer in force
            _LOG.error("failed to load the new policy; restarting worker", exc_info=error)
            os.kill(os.getpid(), signal.SIGTERM)
