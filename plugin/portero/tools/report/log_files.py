"""Decision logs as files: which ones there are, one decision of them, and all of them added up."""

import errno
import os
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from portero.serve.decision_log.journald import IDENTIFIER
from portero.serve.decision_log.log_state import JOURNAL
from portero.serve.settings.settings import Settings
from portero.tools.hostcheck.plugin_client import ask_status, find_socket
from portero.tools.report import log_lines
from portero.tools.report.compliance_evidence import LogEvidence
from portero.tools.report.log_lines import LoggedDecision
from portero.tools.report.log_tally import Tally
from portero.tools.terminal import options
from portero.tools.terminal.input_files import read_lines

_DECISION = re.compile(r"d-[0-9a-f]{12}")
_STANDARD = "-"
_PIPED = "portero explain ID --log -"
_NO_LOG = "name the decision log with --log"
_FOR_ROOT = (
    "decisions are for root: sudo portero explain ID; a rule that a denial names is for all: portero explain RULE"
)


def is_decision(name: str) -> bool:
    """Whether this is the ID of a decision, as in denials and logs."""
    return _DECISION.fullmatch(name) is not None


def list_logs(settings: Settings, log: str | Sequence[str] | None) -> list[str]:
    """The files to search: the log and its rotated files, newest first."""
    if log == _STANDARD:
        return [_STANDARD]
    file = settings.log if settings.log != _STANDARD else _find_log(settings.socket)
    if file == _STANDARD:
        options.give_up([f"the decisions went to the standard output of `portero serve`; {_NO_LOG}"])
    if file == JOURNAL:
        options.give_up(
            [f"the decisions are in the journal; pipe them in: journalctl -t {IDENTIFIER} -o cat | {_PIPED}"]
        )
    rotated = [path for path in Path(file).parent.glob(Path(file).name + "[.-]*") if path.is_file()]
    rotated.sort(key=lambda path: path.stat().st_mtime, reverse=True)
    try:
        os.stat(file)
    except OSError as error:
        if isinstance(error, PermissionError) or (os.geteuid() != 0 and not rotated):
            options.give_up([f"{file}: {error.strerror}; {_FOR_ROOT}"])
        return [*map(str, rotated)] or options.give_up([f"{file}: {error.strerror}; {_NO_LOG}"])
    if not os.access(file, os.R_OK):
        options.give_up([f"{file}: {os.strerror(errno.EACCES)}; {_FOR_ROOT}"])
    return [file, *map(str, rotated)]


def _find_log(socket: Path) -> str:
    try:
        return str(ask_status(find_socket(socket))["log"])
    except (OSError, ValueError, KeyError):
        options.give_up([f"cannot reach the plugin to find its log; {_NO_LOG}"])


def find_decision(id: str, files: Sequence[str]) -> LoggedDecision:
    """The decision with this ID; gives up when it is in none of the files."""
    # Faster than reading every line as a decision.
    mark = id.encode()
    marked = (line for file in files for line in read_lines(file, log_lines.MAX_LINE) if mark in line)
    decision = next((one for one in map(log_lines.read_decision, marked) if one is not None and one.id == id), None)
    if decision is None:
        options.give_up([f"{id}: not found in {', '.join(files)}; {_NO_LOG}"])
    return decision


def add_logs(logs: Sequence[str], sums: Tally | LogEvidence) -> Iterator[LoggedDecision]:
    """Add every decision of the logs but the probes of `portero host`, and yield it; gives up where there is none.

    Other lines count as unreadable.
    """
    for log in logs:
        for line in read_lines(log, log_lines.MAX_LINE):
            decision = log_lines.read_decision(line)
            if decision is None:
                sums.unreadable += bool(line.strip())
            elif not decision.is_probe:
                sums.add(decision)
                yield decision
    if not sums.decisions:
        options.give_up([f"{', '.join(logs)}: no decisions found; name a log of portero (PORTERO_LOG)"])
