"""The decision log: a line for each decision, to a file, to standard output or to systemd's journal.

A line that is not written in whole is an error, and so is one that would wait for an earlier one that hangs.
"""

import errno
import json
import logging
import re
import threading
import time
from typing import Literal

import orjson

from portero.decide.decision import LOG_VERSION, Decision
from portero.decide.values.times import format_instant
from portero.observe.process.threads import start_thread
from portero.serve.decision_log.journald import Journal
from portero.serve.decision_log.log_file import LineWriter
from portero.serve.decision_log.log_state import JOURNAL, LogState

# When lines reach the disk: when the kernel writes them, each second, before each answer.
Sync = Literal["off", "interval", "each"]
_SYNC_EVERY = 1.0
_LOG = logging.getLogger(__name__)
# With PORTERO_LOG_READS=none these have no line when they are allowed. None of them hands out the content of a
# container, an image or a secret.
FREQUENT_READS = frozenset(
    (
        *("SystemPing", "SystemPingHead", "SystemVersion", "SystemInfo", "SystemDataUsage"),
        *("ContainerList", "ImageList", "VolumeList", "NetworkList", "NetworkListSlash"),
        *("ServiceList", "TaskList", "NodeList", "SecretList", "ConfigList", "PluginList"),
    )
)
# Of a read whose line is written without looking for what must be escaped.
_PLAIN_PATH = re.compile(r"[A-Za-z0-9/_.:@-]{1,1024}")
# For the few lines that orjson would not escape as far. A line is a tree.
_WRITER = json.JSONEncoder(ensure_ascii=True, check_circular=False, separators=(",", ":"))


class DecisionLog:
    """Appends lines to `target`: a file's path, `-` or `journald`. Opening and writing raise OSError.

    `unopened`: why its file cannot be opened now; each line tries it again, and is an error until it can be.
    """

    def __init__(self, target: str, sync: Sync = "off", unopened: str = "") -> None:
        self.state = LogState()
        self._target = target
        self._sync = sync
        self._lock = threading.Lock()
        if target == JOURNAL:
            self._sink: Journal | LineWriter = Journal()
        else:
            self._sink = LineWriter(target, self.state, synced=sync != "off", opens_later=bool(unopened))
        self._unsynced = False
        if unopened:
            self.state.unopened = unopened
        else:
            self._check_sync()

    def start(self, *, is_replacement: bool) -> None:
        """Once in the deciding process. `is_replacement`: the one before may have left half a line."""
        self.state.torn = is_replacement
        if self._sync == "interval":
            start_thread("sync", self._sync_often)

    def write(self, line: str) -> None:
        """Append one line; raises OSError when it could not be written in whole, or an earlier one does not end."""
        try:
            self._begin()
            try:
                self._sink.write(line)
                self._unsynced = True
                if self._sync == "each":
                    self._sink.prepare_sync()()
            finally:
                self._end()
        except OSError:
            self.state.fail()
            raise

    def sync(self) -> None:
        """Bring to the disk what is not there yet; a failure counts as a lost line."""
        try:
            self._begin()
            try:
                if not self._unsynced:
                    return
                self._unsynced = False
                bring_to_disk = self._sink.prepare_sync()
            finally:
                self._end()
            # Without the lock: lines do not wait for the disk.
            bring_to_disk()
        except OSError as error:
            self.state.fail()
            _LOG.error("cannot sync the decision log: %s", error.strerror)

    def _begin(self) -> None:
        """Be the only writer; a file system that hangs stalls the one line that is in it, not those after it."""
        if not self._lock.acquire(blocking=False) and not self._lock.acquire(timeout=self.state.measure_seconds_left()):
            raise TimeoutError(errno.ETIMEDOUT, "an earlier write does not end", self._target)
        self.state.begin()

    def _end(self) -> None:
        self.state.end()
        self._lock.release()

    def _check_sync(self) -> None:
        try:
            if self._sync != "off":
                self._sink.prepare_sync()()
        except OSError as error:
            why = f"PORTERO_LOG_SYNC={self._sync} needs a file, and it cannot be synced ({error.strerror})"
            raise OSError(error.errno, why, self._target) from error

    def _sync_often(self) -> None:
        while True:
            time.sleep(_SYNC_EVERY)
            self.sync()


def is_frequent_read(decision: Decision) -> bool:
    """Whether it is a ping or a list that is allowed without any violation, and by the rules."""
    subject = decision.subject
    return (
        subject.operation in FREQUENT_READS and subject.reads and not decision.violations and not decision.breaks_glass
    )


def write_line(decision: Decision, microseconds: int) -> str:
    """What json.dumps makes of Decision.line(); all of it is ASCII."""
    if (usual := _write_usual_read(decision, microseconds)) is not None:
        return usual
    line = decision.line(microseconds)
    try:
        data = orjson.dumps(line)
    except orjson.JSONEncodeError:  # half a surrogate pair
        return _WRITER.encode(line)
    return data.decode() if data.isascii() and data.find(b"\x7f") < 0 else _WRITER.encode(line)


def _write_usual_read(decision: Decision, microseconds: int) -> str | None:
    """The same line of an allowed read of which no more is known than its path; None: of another decision."""
    subject, path = decision.subject, decision.subject.path
    if not subject.reads or decision.violations or decision.breaks_glass or subject.method not in ("GET", "HEAD"):
        return None
    if subject.user or subject.claimed or subject.groups or subject.identified_by or subject.trace or subject.is_probe:
        return None
    if subject.image is not None or subject.daemon_defaults or not _PLAIN_PATH.fullmatch(path):
        return None
    version = "null" if subject.version is None else f'"{subject.version}"'
    audit_profile = f'"{decision.audit_profile}"' if decision.audit_profile else "null"
    return (
        f'{{"version":{LOG_VERSION},"id":"{decision.id}","time":"{format_instant(decision.time)}","user":"",'
        f'"operation":"{subject.operation}","apiVersion":{version},"method":"{subject.method}","path":"{path}",'
        f'"image":null,"allowed":true,"mode":"{decision.mode}","profile":"{decision.profile}",'
        f'"auditProfile":{audit_profile},"violations":[],"daemonDefaults":[],"policy":"{decision.policy}",'
        f'"microseconds":{microseconds}}}'
    )
