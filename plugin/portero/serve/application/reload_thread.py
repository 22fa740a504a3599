"""The thread that keeps the policy up to date: it polls the policy folders and loads what changed.

A request is answered by what is in force when it arrives.
"""

import logging
import threading
import time
from collections.abc import Callable

from portero.decide.values.dataclass import replace
from portero.decide.values.times import Retry
from portero.observe.process.threads import start_thread
from portero.serve.application import last_policy, reloading
from portero.serve.application.application import Application
from portero.serve.application.user_summary import write_summary
from portero.serve.application.watch import Snapshot, Watch

# One poll sees a change, the next finds it settled, and it is loaded: well within two seconds altogether.
POLL_SECONDS = 0.5
_POLL_AGAIN_SECONDS = 0.3
# Polling thousands of files takes at most this part of the time of a processor.
_PAUSE_PER_COST = 50
# A folder that changes for so many seconds needs attention.
_UNSETTLED_SECONDS = 5.0
# Status learns this often that the thread does not hang at a file system.
_HEARTBEAT_SECONDS = 1.0
_LOG = logging.getLogger(__name__)


class ReloadThread:
    """`watch` was made before the application was; `report` is called after each reload, failed ones too.

    `tell_status`: called when something else changes that systemd shows.
    """

    def __init__(
        self,
        application: Application,
        watch: Watch,
        report: Callable[[Application], None],
        tell_status: Callable[[Application], None] = lambda application: None,
    ) -> None:
        self.application = application
        self._watch = watch
        self._report = report
        self._tell_status = tell_status
        self._writers_failure = ""
        self._next_poll = 0.0
        self._retry, self._retry_to_show = Retry(), Retry()
        self._changing_since: float | None = None
        self._is_reload_requested = threading.Event()

    def start(self, *, is_replacement: bool) -> None:
        """In the deciding process, before it answers. `is_replacement`: it replaces one that has ended."""
        application = self.application
        if is_replacement:
            application.replaced_at = time.time()
            application.in_force = reloading.restore_policy(application)
            self._count_and_report()
        self._schedule_retry()
        if not application.in_force.unusable:
            self._save_policy()
        self._show_policy()
        application.in_force.judge.host.watch()
        application.daemon.watch()
        application.log.start(is_replacement=is_replacement)
        start_thread("policy", self._run)

    def request_reload(self) -> None:
        """Have the thread load the folders now, changed or not."""
        self._is_reload_requested.set()

    def _run(self) -> None:
        while True:
            if (failure := self.application.daemon.writers_failure) != self._writers_failure:
                self._writers_failure = failure
                self._tell_status(self.application)
            if self._is_reload_requested.wait(min(self.poll_if_due(), _HEARTBEAT_SECONDS)):
                self._is_reload_requested.clear()
                self.reload()

    def poll_if_due(self) -> float:
        """Poll the folders when it is time to, and load a change that has settled; the seconds until the next poll."""
        now = self.application.polled_at = time.monotonic()
        if now >= self._next_poll:
            self._poll(now)
            pause = _POLL_AGAIN_SECONDS if self._watch.is_changed else POLL_SECONDS
            self._next_poll = now + max(pause, _PAUSE_PER_COST * self._watch.cost)
        return self._next_poll - now

    def _poll(self, now: float) -> None:
        if self._watch.poll():
            self._changing_since = None
            self.reload()
        elif not self._watch.is_changed:
            self._changing_since = None
            if self._retry.is_due(now):
                self._try_to_load(is_retry=True)
            elif self._retry_to_show.is_due(now):
                self._show_policy()
        else:
            self._changing_since = self._changing_since or now
            # What keeps changing a signed folder must not keep a new version out.
            if self._has_new_signatures():
                self.reload()
            unsettled = now - self._changing_since
            if unsettled > _UNSETTLED_SECONDS and self.application.in_force.state.changing_since is None:
                self._report_unsettled(time.time() - unsettled)

    def _has_new_signatures(self) -> bool:
        settings = self.application.settings
        if not settings.trusted_keys:
            return False
        from portero.serve.application import signed_folders  # see loading.py

        signed = signed_folders.read_manifests(settings)
        return bool(signed) and signed != self.application.in_force.state.signed

    def _report_unsettled(self, since: float) -> None:
        in_force = self.application.in_force
        _LOG.warning("policy folders keep changing; no change is loaded before they come to rest, unless it is signed")
        self.application.in_force = replace(in_force, state=replace(in_force.state, changing_since=since))

    def reload(self) -> None:
        """Load the folders now. No error ends the thread."""
        self._retry.succeed()
        self._try_to_load(is_retry=False)

    def _try_to_load(self, *, is_retry: bool) -> None:
        try:
            self._load(is_retry=is_retry)
        except Exception as error:  # noqa: BLE001 - see reload(): the old policy stays in force
            _LOG.error("internal error while reloading the policy", exc_info=error)
            self._retry.fail(time.monotonic())

    def _load(self, *, is_retry: bool) -> None:
        """`is_retry`: the same faults as the last time are not reported again."""
        before, faults = self._watch.take_snapshot(), self.application.in_force.state.faults
        in_force = reloading.reload(self.application, lambda: self._is_unchanged(before))
        if in_force is None:
            return
        self.application.in_force = in_force
        self._watch.set_baseline(before)
        self._schedule_retry()
        if not in_force.state.faults:
            self._save_policy()
            self._show_policy()
        if not is_retry or in_force.state.faults != faults:
            self._count_and_report()

    def _schedule_retry(self) -> None:
        """Faults may pass without a change in the folders: no descriptor was free, or a disk was away."""
        if self.application.in_force.state.faults:
            self._retry.fail(time.monotonic())
        else:
            self._retry.succeed()

    def _count_and_report(self) -> None:
        if self.application.in_force.state.faults:
            self.application.metrics.load_failed()
        self._report(self.application)

    def _save_policy(self) -> None:
        """For the next deciding process: the folders may be invalid by then."""
        settings, state = self.application.settings, self.application.in_force.state
        if not settings.schemas:
            return
        try:
            last_policy.save_policy(settings, state.files, state.links)
        except OSError as error:
            warning = "%s: the policy in force cannot be kept for a restart (%s): choose another PORTERO_STATE"
            _LOG.warning(warning, settings.last_policy, error.strerror)

    def _show_policy(self) -> None:
        """To users and doors; where that fails, again after a pause."""
        if write_summary(self.application):
            self._retry_to_show.succeed()
        else:
            self._retry_to_show.fail(time.monotonic())

    def _is_unchanged(self, before: Snapshot) -> bool:
        """Whether the folders are as in `before`, but for signed ones: these were verified as they were read."""
        settings = self.application.settings
        signed = [f"{path}/" for path in settings.schemas] if settings.trusted_keys else []
        return all(f"{path}/".startswith(tuple(signed)) for path, _ in self._watch.take_snapshot() ^ before)
