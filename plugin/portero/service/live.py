"""Keeps the application's policy up to date, in every process.

Only the master reads the policy folders. Each worker follows it in a thread; a request is answered by what is in force
when it arrives.
"""

import logging
import os
import signal
import time
from collections.abc import Callable
from dataclasses import replace

from portero.service import reloading
from portero.service.application import Application
from portero.service.retry import Retry
from portero.service.shared_policy import Bulletin
from portero.service.watch import Look, Watch
from portero.threads import start_thread

# A change is seen at one look, found at rest at the next, loaded, and followed: well within two seconds altogether.
LOOK_EVERY = 0.5
_LOOK_AGAIN = 0.3
# Looking at thousands of files takes at most this part of the time of a processor.
_REST_PER_LOOK = 50
# A worker is woken for news; should that ever fail, it looks by itself.
_FOLLOW_EVERY = 10.0
# Seconds after which a line stands for the reads that were only counted.
_SHARED_LINES_EVERY = 60.0
# A folder that changes for so long, in seconds, needs attention.
_UNREST = 5.0
_LOG = logging.getLogger(__name__)


class Live:
    """`watch` was made before the application was; `report` is called after each reload, failed ones too."""

    def __init__(self, application: Application, watch: Watch, report: Callable[[Application], None]) -> None:
        self.application = application
        self._watch = watch
        self._report = report
        self._bulletin = Bulletin()
        self._next_look = 0.0
        self._retry = Retry()
        self._changing_since: float | None = None
        # How many other policies came into force.
        self.policies = 0

    def tend(self) -> float:
        """In the master: look at the folders when it is time to, and load them when a change has come to rest.

        Returns the seconds until it is time again.

        Signed folders are loaded as soon as they verify: what keeps changing them must not keep a new version out.
        """
        self.application.pulse.beat()
        now = time.monotonic()
        if now >= self._next_look:
            self._look(now)
            rest = _LOOK_AGAIN if self._watch.is_changed else LOOK_EVERY
            self._next_look = now + max(rest, _REST_PER_LOOK * self._watch.cost)
        return self._next_look - now

    def _look(self, now: float) -> None:
        if self._watch.at_rest():
            self._changing_since = None
            self.reload()
        elif not self._watch.is_changed:
            self._changing_since = None
            if self._retry.is_due(now):
                self._try_to_load(again=True)
        else:
            self._changing_since = self._changing_since or now
            if self._has_new_signatures():
                self.reload()
            if now - self._changing_since > _UNREST and self.application.in_force.notice.changing is None:
                self._report_unrest(time.time() - (now - self._changing_since))

    def _has_new_signatures(self) -> bool:
        settings = self.application.settings
        if not settings.trusted_keys:
            return False
        from portero.service import signed_folders  # see loading.py

        signed = signed_folders.read_manifests(settings)
        return bool(signed) and signed != self.application.in_force.notice.signed

    def _report_unrest(self, since: float) -> None:
        in_force = self.application.in_force
        in_force = replace(in_force, notice=replace(in_force.notice, changing=since))
        _LOG.warning("policy folders keep changing; no change is loaded before they come to rest, unless it is signed")
        self._bulletin.put(in_force.notice)
        self.application.in_force = in_force

    def reload(self) -> None:
        """In the master: load the folders now. No error ends the master."""
        self._retry.succeed()
        self._try_to_load(again=False)

    def _try_to_load(self, *, again: bool) -> None:
        try:
            self._load(again=again)
        except Exception as error:  # noqa: BLE001 - see reload(): the old policy stays in force
            _LOG.error("internal error while reloading the policy", exc_info=error)
            self._retry.fail(time.monotonic())

    def _load(self, *, again: bool) -> None:
        """`again`: the same faults as the last time are nothing new, and are not reported."""
        before, known = self._watch.look(), self.application.in_force.notice.faults
        in_force = reloading.reload(self.application, lambda: self._is_unchanged(before))
        if in_force is None:
            return
        # In this order: a worker that is made later starts with what all the others follow.
        self._bulletin.put(in_force.notice)
        self.policies += in_force.notice.policy != self.application.in_force.notice.policy
        self.application.in_force = in_force
        # What could not be put is tried again.
        self._watch.take(before)
        faults = in_force.notice.faults
        if faults:
            # They may pass without a change in the folders: no descriptor was free, or a disk was away.
            self._retry.fail(time.monotonic())
        else:
            self._retry.succeed()
        if not again or faults != known:
            if faults:
                self.application.metrics.load_failed()
            self._report(self.application)

    def _is_unchanged(self, before: Look) -> bool:
        """Whether the folders are as at an earlier look, but for signed ones: these were verified as they were read."""
        settings = self.application.settings
        signed = [f"{path}/" for path in settings.schemas] if settings.trusted_keys else []
        return all(f"{path}/".startswith(tuple(signed)) for path, _ in self._watch.look() ^ before)

    def follow(self) -> None:
        """In a worker: start the threads that follow the master, watch the host and look after the log."""
        self.application.in_force.judge.host.watch()
        self.application.log.watch()
        start_thread("policy", self._follow)
        if self.application.shared_lines.most > 1:
            start_thread("shared lines", self._write_shared_lines)

    def leave(self) -> None:
        """In a worker, when it has answered its last request."""
        self.application.write_shared_lines()

    def bury(self, worker: int) -> None:
        """In the master, when a worker has ended."""
        self.application.log.state.bury(worker)

    def _write_shared_lines(self) -> None:
        while True:
            time.sleep(_SHARED_LINES_EVERY)
            self.application.write_shared_lines()

    def _follow(self) -> None:
        while True:
            self._bulletin.wait(_FOLLOW_EVERY)
            self.catch_up()

    def catch_up(self) -> None:
        """In a worker: take over what the master loaded since. A worker that fails ends and is replaced."""
        try:
            notice = self._bulletin.news()
            if notice is not None:
                self.application.in_force = reloading.follow(self.application, notice)
        except Exception as error:  # noqa: BLE001 - a worker must not go on under a policy that is no longer in force
            _LOG.error("failed to load the new policy; restarting worker", exc_info=error)
            # Its open connections are served for a while, since dockerd repeats what was sent on one that closes.
            self.application.is_outdated = True
            os.kill(os.getpid(), signal.SIGTERM)
