"""Portero as one object: settings in, an Application out that answers dockerd's questions with policy, host and log.

The decision is logged before it is given. Whatever fails on the way is a denial.
"""

import secrets
import sys
import time
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

from portero import __version__
from portero.capture.recorder import Recorder
from portero.decision import LEVELS, Decision, in_order, instant, refusal
from portero.judging import reply
from portero.judging.judge import Judge
from portero.policy.exception import notices
from portero.refusals import CODES
from portero.service import loading
from portero.service.decision_log import DecisionLog
from portero.service.loading import Broken, Loaded
from portero.service.metrics import Metrics
from portero.service.settings import Settings
from portero.service.shared_policy import Notice
from portero.signing.signature import Manifest
from portero.types import JSON

__all__ = ["Application", "Broken", "build"]


@dataclass(frozen=True, slots=True)
class Application:
    """Answers AuthZReq. `notice` says of which files the judge's policy was made, and how the last reload went."""

    settings: Settings
    judge: Judge
    log: DecisionLog
    engine: str
    notice: Notice
    recorder: Recorder | None = None
    metrics: Metrics = field(default_factory=Metrics)

    def answer(self, data: bytes) -> dict[str, JSON]:
        """The reply to one AuthZReq as dockerd posted it: {"Allow": bool, "Msg": text}."""
        try:
            decision = self._decided(data)
            allowed = decision.allowed
            return {"Allow": allowed, "Msg": "" if allowed else reply.text(decision)}
        except Exception as error:  # noqa: BLE001 - the last resort: no error of ours may become anything but a denial
            traceback.print_exception(error, file=sys.stderr)
            return self.failure()

    def failure(self) -> dict[str, JSON]:
        """The reply when not even a decision could be made or logged."""
        words = CODES["internal-error"]
        return {"Allow": False, "Msg": f"internal-error: {words.reason} -> {words.remedy}"}

    @property
    def faults(self) -> tuple[str, ...]:
        """Those of a reload that failed: the judge is then still the one before it."""
        return self.notice.faults

    def health(self) -> dict[str, JSON]:
        """How portero is, in short. `attention` holds a sentence for whatever somebody has to see to."""
        return {
            "attention": [*self._attention(time.time())],
            "version": __version__,
            "profile": self.settings.profile,
            "mode": self.settings.mode,
            "policy": self.judge.policy.digest,
            "rules": len(self.judge.policy.rules),
            "engine": self.engine,
            "loaded": instant(self.notice.loaded),
            "lastTried": instant(self.notice.tried),
            "reloadFaults": [*self.faults],
        }

    def status(self) -> dict[str, JSON]:
        """How portero is, in full."""
        levels = [rule.level for rule in self.judge.policy.rules.values()]
        so_far = self.metrics.so_far()
        return self.health() | {
            "decisions": {"allowed": so_far.allowed, "refused": so_far.refused},
            "logFailures": so_far.log_failures,
            "reloadFailures": so_far.load_failures,
            "rulesByLevel": {level: levels.count(level) for level in LEVELS if level in levels},
            "exceptions": self._exceptions(time.time(), so_far.exceptions),
            "warnings": [*self.judge.policy.warnings],
            "signed": {str(place): _signature(manifest) for place, manifest in self.notice.signed.items()},
            "socket": str(self.settings.socket),
            "schemas": [str(folder) for folder in self.settings.policy_folders],
            "record": str(self.settings.record or ""),
            "log": self.settings.log,
            "logFailure": self.settings.log_failure,
            "hostFiles": loading.host_root(self.settings),
            "daemonConfig": str(self.settings.daemon_config),
            "dockerHost": str(self.settings.docker_host or ""),
            "workers": self.settings.workers,
            "threads": self.settings.threads,
        }

    def figures(self) -> bytes:
        """The metrics, as Prometheus reads them."""
        return self.metrics.text()

    def _attention(self, now: float) -> Iterator[str]:
        if self.settings.mode == "audit":
            yield "NOTHING IS ENFORCED: mode audit allows every request and only logs"
        if self.faults:
            yield f"the policy of {instant(self.notice.loaded)} stays in force: what is in its folders now is broken"
        yield from notices(self.judge.policy.waivers, now)

    def _exceptions(self, now: float, used: Mapping[str, int]) -> list[JSON]:
        return [
            {
                "id": waiver.id,
                "rules": [*waiver.rules],
                "owner": waiver.owner,
                "expires": waiver.expires.isoformat(),
                "state": waiver.state(now),
                "usedSinceStart": used.get(waiver.id, 0),
            }
            for waiver in self.judge.policy.waivers
        ]

    def reloaded(self, still: Callable[[], bool] = lambda: True) -> "Application | None":
        """The same with the policy as it is on the disk now; when that is broken, with the old one and its faults.

        None when what is on the disk changed while it was read: `still` tells whether it is as it was before.
        """
        try:
            loaded = loading.vouched(self.settings, self.judge.routes.operations)
            if not still():
                return None
            loading.remember(self.settings, loaded.signed)
        except Broken as broken:
            return self._kept(broken.faults) if still() else None
        except Exception as error:  # noqa: BLE001 - a fault of ours at a reload must not send the doorman away
            traceback.print_exception(error, file=sys.stderr)
            return self._kept((f"an error of portero's own ({type(error).__name__}), see its log",))
        return self._with(loaded)

    def _kept(self, faults: Sequence[str]) -> "Application":
        self.metrics.load_failed()
        return replace(self, notice=replace(self.notice, tried=time.time(), faults=tuple(faults)))

    def _with(self, loaded: Loaded) -> "Application":
        notice = _notice(loaded)
        self.metrics.policy_loaded(notice.loaded, enforcing=self.settings.mode == "enforce")
        return replace(self, judge=replace(self.judge, policy=loaded.policy), notice=notice)

    def following(self, notice: Notice) -> "Application":
        """The same under the policy that another process has loaded and gives notice of; raises Broken."""
        if notice.policy == self.judge.policy.digest:
            return replace(self, notice=notice)
        policy = loading.again(self.settings, self.judge.routes.operations, notice.held)
        return replace(self, judge=replace(self.judge, policy=policy), notice=notice)

    def _decided(self, data: bytes) -> Decision:
        began = time.perf_counter_ns()
        decision = self.judge.decide(data, f"d-{secrets.token_hex(6)}", time.time())
        if decision.fault is not None:
            print(f"portero: {decision.id}: internal-error", file=sys.stderr)
            traceback.print_exception(decision.fault, file=sys.stderr)
        decision = self._logged(decision, (time.perf_counter_ns() - began) // 1000)
        self.metrics.decided(decision, (time.perf_counter_ns() - began) / 1e9)
        if self.recorder is not None:
            self.recorder.record(data, decision)
        return decision

    def _logged(self, decision: Decision, microseconds: int) -> Decision:
        try:
            self.log.write(decision.line(microseconds))
        except OSError as error:
            self.metrics.log_failed()
            print(f"portero: {decision.id}: the decision log cannot be written: {error.strerror}", file=sys.stderr)
            return self._unlogged(decision)
        return decision

    def _unlogged(self, decision: Decision) -> Decision:
        """A change that leaves no trace is refused, unless the site wants it otherwise or nothing is enforced."""
        if decision.subject.reads or self.settings.log_failure == "allow" or self.settings.mode == "audit":
            return decision
        return replace(decision, violations=in_order((*decision.violations, refusal("log-failure", ""))))


def build(settings: Settings, shared: Path | None = None) -> Application:
    """Everything loaded and opened; raises Broken with every fault of what cannot be used.

    `shared` is the folder in which several processes add up their metrics.
    """
    # Said once for all processes: a worker of a managed plugin is not its first process any more.
    settings = replace(settings, host_root=_resolved(settings))
    routes, shapes = loading.api()
    loaded = loading.vouched(settings, routes.operations)
    log, recorder = _log(settings), _recorder(settings)
    loading.remember(settings, loaded.signed)
    metrics = Metrics((operation.id for operation in routes.operations), shared)
    notice = _notice(loaded)
    metrics.policy_loaded(notice.loaded, enforcing=settings.mode == "enforce")
    judge = loading.judge(settings, loaded.policy, routes, shapes)
    return Application(settings, judge, log, loading.engine_name(settings), notice, recorder, metrics)


def _resolved(settings: Settings) -> Literal["none"] | Path:
    root = loading.host_root(settings)
    return "none" if root == "none" else Path(root)


def _notice(loaded: Loaded) -> Notice:
    now = time.time()
    return Notice(loaded.policy.digest, now, now, (), loaded.signed, loaded.held)


def _signature(manifest: Manifest) -> JSON:
    return {"version": manifest.version, "date": manifest.date, "key": manifest.key}


def _log(settings: Settings) -> DecisionLog:
    try:
        return DecisionLog(settings.log)
    except OSError as error:
        raise Broken([f"PORTERO_LOG: {settings.log}: {error.strerror}; name a file that can be written"]) from error


def _recorder(settings: Settings) -> Recorder | None:
    if settings.record is None:
        return None
    try:
        return Recorder(settings.record, settings.record_max)
    except OSError as error:
        cure = "name a file that can be written"
        raise Broken([f"PORTERO_RECORD: {settings.record}: {error.strerror}; {cure}"]) from error
