"""Portero as one object: settings in, an Application out that answers dockerd's questions with policy, host and log.

The decision is logged before it is given. Whatever fails on the way is a denial.
"""

import json
import os
import secrets
import sys
import time
import traceback
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

from portero import __version__, engine, reply, resources
from portero.api_types import ShapeFault
from portero.capture.recorder import Recorder
from portero.daemon import NetworkNames
from portero.daemonsockets import DaemonSockets
from portero.decision import LEVELS, Decision, in_order, refusal
from portero.decision_log import DecisionLog
from portero.engine import Engine
from portero.exception_use import ExceptionUse
from portero.hostfiles import HostFiles
from portero.judge import Judge
from portero.metrics import Metrics
from portero.operation import Routes
from portero.policy import folder
from portero.policy.loader import PolicyBroken, Reader, load
from portero.refusals import CODES
from portero.settings import Settings
from portero.shape import Shapes
from portero.signature import Manifest
from portero.signing import versions
from portero.signing.sealed import KeysBroken, Sealed, trusted_keys
from portero.signing.versions import VersionsBroken
from portero.types import JSON

_FIRST_PROCESS = 1


class Broken(Exception):
    """Portero cannot start (or reload) as it is told to; `faults` holds one line each."""

    def __init__(self, faults: Sequence[str]) -> None:
        self.faults = tuple(faults)
        super().__init__("\n".join(self.faults))


@dataclass(frozen=True, slots=True)
class Application:
    """Answers AuthZReq. `faults` are those of a reload that failed: the judge is then still the one before it."""

    settings: Settings
    judge: Judge
    log: DecisionLog
    engine: str
    loaded: float
    faults: tuple[str, ...] = ()
    use: ExceptionUse = field(default_factory=ExceptionUse)
    signed: Mapping[Path, Manifest] = field(default_factory=dict)
    recorder: Recorder | None = None
    metrics: Metrics = field(default_factory=Metrics)

    def answer(self, data: bytes) -> dict[str, JSON]:
        """The reply to one AuthZReq as dockerd posted it: {"Allow": bool, "Msg": text}."""
        try:
            decision = self._decided(data)
            return {"Allow": decision.allowed, "Msg": "" if decision.allowed else reply.text(decision)}
        except Exception as error:  # noqa: BLE001 - the last resort: no error of ours may become anything but a denial
            traceback.print_exception(error, file=sys.stderr)
            return self.failure()

    def failure(self) -> dict[str, JSON]:
        """The reply when not even a decision could be made or logged."""
        words = CODES["internal-error"]
        return {"Allow": False, "Msg": f"internal-error: {words.reason} -> {words.remedy}"}

    def health(self) -> dict[str, JSON]:
        """How portero is, in short."""
        loaded = datetime.fromtimestamp(self.loaded, UTC).isoformat(timespec="seconds")
        return {
            "version": __version__,
            "profile": self.settings.profile,
            "mode": self.settings.mode,
            "policy": self.judge.policy.digest,
            "rules": len(self.judge.policy.rules),
            "engine": self.engine,
            "loaded": loaded.replace("+00:00", "Z"),
            "reloadFaults": list(self.faults),
        }

    def status(self) -> dict[str, JSON]:
        """How portero is, in full."""
        levels = [rule.level for rule in self.judge.policy.rules.values()]
        return self.health() | {
            "socket": str(self.settings.socket),
            "schemas": [str(folder) for folder in self.settings.policy_folders],
            "rulesByLevel": {level: levels.count(level) for level in LEVELS if level in levels},
            "exceptions": self._exceptions(time.time()),
            "signed": {str(place): self._signature(manifest) for place, manifest in self.signed.items()},
            "record": str(self.settings.record or ""),
            "log": self.settings.log,
            "logFailure": self.settings.log_failure,
            "hostFiles": host_root(self.settings),
            "daemonConfig": str(self.settings.daemon_config),
            "dockerHost": str(self.settings.docker_host or ""),
            "workers": self.settings.workers,
            "threads": self.settings.threads,
        }

    def figures(self) -> bytes:
        """The metrics, as Prometheus reads them."""
        return self.metrics.text()

    def _signature(self, manifest: Manifest) -> JSON:
        return {"version": manifest.version, "date": manifest.date, "key": manifest.key}

    def _exceptions(self, now: float) -> list[JSON]:
        used = self.use.counts()
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

    def reloaded(self) -> "Application":
        """The same with the policy as it is on the disk now; when that is broken, with the old one and its faults."""
        fresh = self._reloaded()
        if fresh.faults:
            self.metrics.load_failed()
        else:
            self.metrics.policy_loaded(fresh.loaded, enforcing=self.settings.mode == "enforce")
        return fresh

    def _reloaded(self) -> "Application":
        try:
            judge, engine_name, signed = _vouched(self.settings)
            _remember(self.settings, signed)
        except Broken as broken:
            return replace(self, faults=broken.faults)
        except Exception as error:  # noqa: BLE001 - a fault of ours at a reload must not send the doorman away
            traceback.print_exception(error, file=sys.stderr)
            return replace(self, faults=(f"an error of portero's own ({type(error).__name__}), see its log",))
        return replace(self, judge=judge, engine=engine_name, loaded=time.time(), faults=(), signed=signed)

    def _decided(self, data: bytes) -> Decision:
        began = time.perf_counter_ns()
        decision = self.judge.decide(data, f"d-{secrets.token_hex(6)}", time.time())
        self.use.count(decision)
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
    judge, engine_name, signed = _vouched(settings)
    log, recorder = _log(settings), _recorder(settings)
    _remember(settings, signed)
    metrics = Metrics((operation.id for operation in judge.routes.operations), shared)
    loaded = time.time()
    metrics.policy_loaded(loaded, enforcing=settings.mode == "enforce")
    return Application(settings, judge, log, engine_name, loaded, signed=signed, recorder=recorder, metrics=metrics)


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


def _vouched(settings: Settings) -> tuple[Judge, str, Mapping[Path, Manifest]]:
    """As judge_of, and how the folders are signed; raises Broken when they are not as PORTERO_TRUSTED_KEYS asks."""
    if not settings.trusted_keys:
        return (*judge_of(settings), {})
    try:
        seen = {} if settings.allow_rollback == "yes" else versions.read(settings.state)
        sealed = Sealed(trusted_keys(settings.trusted_keys), resources.schemas(), seen)
        judge, engine_name = judge_of(settings, sealed.read)
    except (KeysBroken, VersionsBroken) as broken:
        raise Broken(str(broken).splitlines()) from broken
    return judge, engine_name, sealed.manifests


def _remember(settings: Settings, signed: Mapping[Path, Manifest]) -> None:
    """Write down which signed versions are in force from now on."""
    if not signed:
        return
    try:
        versions.remember(settings.state, signed, allow_rollback=settings.allow_rollback == "yes")
    except VersionsBroken as broken:
        raise Broken([str(broken)]) from broken


def judge_of(settings: Settings, reader: Reader = folder.read) -> tuple[Judge, str]:
    """The judge under these settings and the name of its engine; raises Broken."""
    routes, shapes = _routes(), _shapes()
    chosen = _engine(settings)
    try:
        policy = load(settings.policy_folders, chosen, routes.operations, reader)
    except PolicyBroken as broken:
        raise Broken(broken.faults) from broken
    return Judge(policy, routes, shapes, _host(settings), settings.profile, settings.mode), chosen.name


def host_root(settings: Settings) -> str:
    """Where the host's files are visible, or none."""
    if settings.host_root != "auto":
        return str(settings.host_root)
    # A managed plugin is the first process of its container, which shows files of its own.
    return "none" if os.getpid() == _FIRST_PROCESS else "/"


def dockerds(settings: Settings, daemons: DaemonSockets) -> Sequence[str]:
    """The sockets at which dockerd may be asked for the name of a network, the best first."""
    if settings.docker_host is not None:
        return [str(settings.docker_host)]
    # Anybody can name a process dockerd and have it lie about networks; only root can make root's socket.
    return [address for address in daemons.of("dockerd") if _is_roots(address)]


def _host(settings: Settings) -> HostFiles:
    root = host_root(settings)
    daemons = DaemonSockets()
    names = NetworkNames(lambda: dockerds(settings, daemons))
    return HostFiles(
        "/" if root == "none" else root,
        visible=root != "none",
        sockets=[str(settings.socket)],
        own=[str(resources.package()), *(str(place.absolute()) for place in _own(settings))],
        daemons=daemons,
        name_of=names.name_of,
        daemon_config=str(settings.daemon_config),
    )


def _own(settings: Settings) -> Sequence[Path]:
    """What decides about requests, and so is no container's to write: rules, whose keys to trust, what was in force."""
    signing = (*settings.trusted_keys, settings.state) if settings.trusted_keys else ()
    return (*settings.policy_folders, *signing)


def _is_roots(address: str) -> bool:
    try:
        return os.stat(address).st_uid == 0
    except OSError:
        return False


def _engine(settings: Settings) -> Engine:
    if settings.engine == "auto":
        return engine.best()
    try:
        return engine.named(settings.engine)
    except ImportError as error:
        cure = "install portero with its extra `fast`, or write auto"
        raise Broken([f"PORTERO_ENGINE: the engine {settings.engine} is not installed; {cure}"]) from error


def _routes() -> Routes:
    file = resources.schemas() / "operations.json"
    try:
        data: Mapping[str, object] = json.loads(file.read_text(encoding="utf-8"))
        return Routes.load(data)
    except (OSError, ValueError) as error:
        raise Broken([f"{file}: {error}"]) from error


def _shapes() -> Shapes:
    folder = resources.schemas() / "api"
    try:
        return Shapes.load(folder)
    except (OSError, ShapeFault) as error:
        raise Broken([f"{folder}: {error}"]) from error
