"""The application answers dockerd's requests by policy, host and log.

The decision is logged before it is sent, and its effects are committed before. Every failure on the way is a denial.
The policy in force is replaced as a whole (reloading.py).
"""

import logging
import os
import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import TypeAlias

from portero.decide.decision import Decision
from portero.decide.interfaces.daemon import Peer
from portero.decide.interfaces.effects import NO_EFFECTS
from portero.decide.interfaces.host_notes import HostNotes
from portero.decide.judging import denial
from portero.decide.judging.judge import Judge
from portero.decide.values.dataclass import dataclass, field, replace
from portero.decide.values.errors import LoadError
from portero.decide.values.json_fields import JSON
from portero.decide.values.refusals import CODES
from portero.observe.dockerd import unix_http  # noqa: F401 - before a fork: the first lookup then need not load it
from portero.observe.lookups.live_daemon import LiveDaemon
from portero.observe.stores import api_tables
from portero.serve.application import first_policy, judged_host, loading
from portero.serve.application.added_refusal import add_refusal, decide_without_policy, refuse_unfollowed
from portero.serve.application.committing import commit
from portero.serve.application.own_requests import answer_own_request
from portero.serve.application.start_check import open_log_or_wait
from portero.serve.decision_log.decision_log import DecisionLog, is_frequent_read, write_line
from portero.serve.settings.settings import Settings
from portero.serve.status import bundle_state, daemon_state, policy_page, status
from portero.serve.status.metrics import Metrics
from portero.serve.status.policy_state import PolicyState
from portero.serve.status.status import View

_LOG = logging.getLogger(__name__)
# Notes one request of dockerd, what was decided, and the host's answers; must not fail (tools/recording/recorder.py).
RecordRequest: TypeAlias = Callable[[bytes, Decision, HostNotes | None], None]


@dataclass(frozen=True, slots=True)
class InForce:
    """The judge that answers. `state`: the files of its policy, and how the last reload went.

    `unusable`: the refusal code of every request while there is no policy to allow by; empty for none.
    """

    judge: Judge
    state: PolicyState
    unusable: str = ""


@dataclass(slots=True)
class Application:
    """Answers AuthZReq. `in_force` is replaced as a whole; one request is answered by one value of it.

    `setting_faults`: why the settings cannot be used; nothing is allowed before the next start then.
    """

    settings: Settings
    in_force: InForce
    daemon: LiveDaemon
    log: DecisionLog
    record: RecordRequest | None = None
    list_docker_users: status.ListDockerUsers = status.list_no_users
    metrics: Metrics = field(default_factory=Metrics)
    setting_faults: Sequence[str] = ()
    # When the policy folders were last polled, by time.monotonic(); a poll of a file system that hangs does not end.
    polled_at: float = field(default_factory=time.monotonic)
    replaced_at: float = 0.0  # see View

    def answer(self, data: bytes, peer: Peer | None = None) -> dict[str, JSON]:
        """The reply to one AuthZReq as dockerd posted it: {"Allow": bool, "Msg": text}.

        `peer`: the process that posted it. Portero's own lookups are neither judged nor logged.
        """
        try:
            if (own := answer_own_request(data)) is not None:
                return own
            if (followed := self.daemon.followed) is not None:
                followed.wait_for_results()
            decision = self._decide(data, peer)
            return {"Allow": decision.allowed, "Msg": "" if decision.allowed else denial.write_denial(decision)}
        except Exception as error:  # noqa: BLE001 - the last resort: an internal error is a denial
            _LOG.error("internal error", exc_info=error)
            return self.failure()

    def note_result(self, data: bytes, peer: Peer, send: Callable[[], None] | None = None) -> None:
        """What dockerd posts after a request (AuthZRes): noted after `send` answers it, before the next is decided."""
        if (followed := self.daemon.followed) is not None:
            followed.note_result(data, peer, send)
        elif send is not None:
            send()

    def failure(self) -> dict[str, JSON]:
        """The reply when no decision could be made or logged."""
        error = CODES["internal-error"]
        return {"Allow": False, "Msg": f"internal-error: {error.reason} -> {error.remedy}"}

    def health(self) -> dict[str, JSON]:
        """The short status, for GET /healthz."""
        return status.describe_health(self._view())

    def status(self) -> dict[str, JSON]:
        """The full status, for GET /status."""
        return status.describe_status(self._view(), self.metrics)

    def policy(self) -> dict[str, JSON]:
        """The policy in force and the settings, for GET /policy."""
        return policy_page.describe_policy(
            self.settings, self.in_force.state, self.in_force.judge.policy, self.in_force.unusable
        )

    def metrics_text(self) -> bytes:
        """The metrics in Prometheus's text format, for GET /metrics."""
        from portero.serve.status import exposition  # slow to load, and many never ask

        return exposition.write_metrics(self.metrics) + bundle_state.make_metrics(self.settings)

    def _view(self) -> View:
        in_force = self.in_force
        host = in_force.judge.host
        return View(
            self.settings,
            in_force.judge.policy,
            host,
            in_force.state,
            daemon_state.list_running(self.daemon.asking.cached, host),
            self.log.state,
            self.daemon.names_fail,
            self.daemon.lookup_state,
            self.metrics.count("break_glass"),
            time.monotonic() - self.polled_at,
            in_force.unusable,
            self.list_docker_users,
            self.daemon.followed.count_differences() if self.daemon.followed else 0,
            self.replaced_at,
            self.daemon.writers_failure,
        )

    def _decide(self, data: bytes, peer: Peer | None) -> Decision:
        began = time.perf_counter_ns()
        in_force, followed, id = self.in_force, self.daemon.followed, new_id()
        notes = HostNotes() if self.record is not None else None
        decision = self._judge(in_force, data, id, peer, notes)
        if decision.effects is NO_EFFECTS or followed is None:
            return self._log(decision, data, notes, began)
        judge_again = partial(self._judge, in_force, data, id, peer, notes)
        committed = commit(decision, judge_again, in_force.judge, followed, peer, notes)
        logged: Decision | None = None
        try:
            logged = self._log(committed, data, notes, began)
        finally:
            if logged is not committed and committed.allowed and not (logged and logged.allowed):
                followed.withdraw(committed, peer)
        return logged

    def _judge(self, in_force: InForce, data: bytes, id: str, peer: Peer | None, notes: HostNotes | None) -> Decision:
        decision = in_force.judge.decide(data, id, time.time(), peer, notes=notes)
        if decision.fault is not None:
            _LOG.error("%s: internal error", decision.id, exc_info=decision.fault)
        if in_force.unusable and self.settings.mode == "enforce":
            decision = decide_without_policy(decision, in_force.unusable, in_force.state.faults)
        return refuse_unfollowed(decision, self.daemon.followed, peer)

    def _log(self, decision: Decision, data: bytes, notes: HostNotes | None, began: int) -> Decision:
        """The decision, refused where it must be logged and cannot; `began`: by time.perf_counter_ns()."""
        decision = self._write_log(decision, (time.perf_counter_ns() - began) // 1000)
        if decision.breaks_glass:
            _LOG.warning("%s: break-glass: no rule denies this request of %s", decision.id, decision.subject.user)
        self.metrics.decided(decision, (time.perf_counter_ns() - began) / 1e9)
        if self.record is not None:
            self.record(data, decision, notes)
        return decision

    def _write_log(self, decision: Decision, microseconds: int) -> Decision:
        if self.settings.log_reads == "none" and is_frequent_read(decision):
            self.metrics.read_not_logged(decision.subject.operation)
            return decision
        try:
            self.log.write(write_line(decision, microseconds))
        except OSError as error:
            self.metrics.log_failed()
            _LOG.error("%s: cannot write the decision log: %s", decision.id, error.strerror)
            return self._refuse_unlogged(decision)
        return decision

    def _refuse_unlogged(self, decision: Decision) -> Decision:
        """A change that is not logged is refused, unless the site allows it or nothing is enforced."""
        if decision.subject.reads or self.settings.log_failure == "allow" or self.settings.mode == "audit":
            return decision
        return add_refusal(decision, "log-failure")


def build(
    settings: Settings,
    record: RecordRequest | None = None,
    list_docker_users: status.ListDockerUsers = status.list_no_users,
    setting_faults: Sequence[str] = (),
    *,
    needs_policy: bool = True,
) -> Application:
    """Open and load everything; raises LoadError with every fault.

    Unless it `needs_policy`, an invalid one is no error: the last one is in force, or everything is refused. So it is
    with `setting_faults`.
    """
    if settings.visible_root == "none":
        # Settled before a fork: the deciding process of a managed plugin is not its first one.
        settings = replace(settings, host_root="none")
    routes, shapes = api_tables.load_api()
    log = open_log_or_wait(settings, needs_log=needs_policy)
    first = first_policy.find_policy(settings, routes.operations, setting_faults=setting_faults)
    state = first.state
    if needs_policy and state.faults:
        raise LoadError(state.faults)
    metrics = Metrics((operation.id for operation in routes.operations), log.state.is_stalled)
    metrics.policy_loaded(state.loaded, enforcing=settings.mode == "enforce", usable=not first.unusable)
    if state.faults:
        metrics.load_failed()
    daemon = judged_host.make_daemon(settings, routes)
    judge = loading.assemble_judge(settings, first.policy, routes, shapes, state.links, daemon)
    judge = replace(judge, enforcement=replace(judge.enforcement, audit_profile=settings.reported_profile))
    if daemon.followed is not None:
        metrics.watch_picture(daemon.followed.count_differences)
    in_force = InForce(judge, state, first.unusable)
    return Application(settings, in_force, daemon, log, record, list_docker_users, metrics, setting_faults)


def new_id() -> str:
    """The id of one decision, d- and 12 hexadecimal digits: the denial shows it, the log line and `explain` have it."""
    return f"d-{os.urandom(6).hex()}"
