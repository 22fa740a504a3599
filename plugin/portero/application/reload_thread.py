"""Keeps the application's policy up to date: a thread looks at the policy folders and compiles what changed.

A request is answered by what is in force when it arrives.
"""

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import replace

from portero.application import last_policy, reloading
from portero.application.application import Application
from portero.application.watch import Look, Watch
from portero.threads import start_thread
from portero.values.backoff import Retry

# A change is seen at one look, found at rest at the next, and loaded: well within two seconds altogether.
LOOK_EVERY = 0.5
_LOOK_AGAIN = 0.3
# Looking at thousands of files takes at most this part of the time of a processor.
_REST_PER_LOOK = 50
# A folder that changes for so long, in seconds, needs attention.
_UNREST = 5.0
# Status is told so often that the thread does not stand still at a file system.
_SHOWS_LIFE_EVERY = 1.0
_LOG = logging.getLogger(__name__)


class Live:
    """`watch` was made before the application was; `report` is called after each reload, failed ones too."""

    def __init__(self, application: Application, watch: Watch, report: Callable[[Application], None]) -> None:
        self.application = application
        self._watch = watch
        self._report = report
        self._next_look = 0.0
        self._retry = Retry()
        self._changing_since: float | None = None
        # Set when the folders are to be loaded now.
        self._is_asked = threading.Event()

    def start(self, *, follows_another: bool) -> None:
        """In the process that decides, before it answers. `follows_another`: another one decided before it."""
        application = self.application
        if follows_another:
            application.in_force = reloading.begin_anew(application)
            self._plan_retry()
            self._count_and_report()
        if application.in_force.is_usable:
            self._keep_last()
        application.in_force.judge.host.watch()
        application.log.watch(follows_another=follows_another)
        start_thread("policy", self._tend_for_ever)

    def request_reload(self) -> None:
        """Have the thread load the folders now, changed or not."""
        self._is_asked.set()

    def _tend_for_ever(self) -> None:
        while True:
            if self._is_asked.wait(min(self.tend(), _SHOWS_LIFE_EVERY)):
                self._is_asked.clear()
                self.reload()

    def tend(self) -> float:
        """Look at the folders when it is time to, and load them when a change has come to rest.

        Returns the seconds until it is time again.

        Signed folders are loaded as soon as they verify: what keeps changing them must not keep a new version out.
        """
        now = self.application.looked_at = time.monotonic()
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
            if now - self._changing_since > _UNREST and self.application.in_force.state.changing is None:
                self._report_unrest(time.time() - (now - self._changing_since))

    def _has_new_signatures(self) -> bool:
        settings = self.application.settings
        if not settings.trusted_keys:
            return False
        from portero.application import signed_folders  # see loading.py

        signed = signed_folders.read_manifests(settings)
        return bool(signed) and signed != self.application.in_force.state.signed

    def _report_unrest(self, since: float) -> None:
        in_force = self.application.in_force
        _LOG.warning("policy folders keep changing; no change is loaded before they come to rest, unless it is signed")
        self.application.in_force = replace(in_force, state=replace(in_force.state, changing=since))

    def reload(self) -> None:
        """Load the folders now. No error ends the thread."""
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
        before, known = self._watch.look(), self.application.in_force.state.faults
        in_force = reloading.reload(self.application, lambda: self._is_unchanged(before))
        if in_force is None:
            return
        self.application.in_force = in_force
        self._watch.take(before)
        self._plan_retry()
        if not in_force.state.faults:
            self._keep_last()
        if not again or in_force.state.faults != known:
            self._count_and_report()

    def _plan_retry(self) -> None:
        """Faults may pass without a change in the folders: no descriptor was free, or a disk was away."""
        if self.application.in_force.state.faults:
            self._retry.fail(time.monotonic())
        else:
            self._retry.succeed()

    def _count_and_report(self) -> None:
        if self.application.in_force.state.faults:
            self.application.metrics.load_failed()
        self._report(self.application)

    def _keep_last(self) -> None:
        """For a process that decides after this one: the folders may be invalid by then."""
        settings, state = self.application.settings, self.application.in_force.state
        if not settings.schemas:
            return
        try:
            last_policy.write(settings, state.held, state.links)
        except OSError as error:
            told = "%s: the policy in force cannot be kept for a restart (%s): choose another PORTERO_STATE"
            _LOG.warning(told, settings.last_policy, error.strerror)

    def _is_unchanged(self, before: Look) -> bool:
        """Whether the folders are as at an earlier look, but for signed ones: these were verified as they were read."""
        settings = self.application.settings
        signed = [f"{path}/" for path in settings.schemas] if settings.trusted_keys else []
        return all(f"{path}/".startswith(tuple(signed)) for path, _ in self._watch.look() ^ before)
