"""One decision as the log has it: when, who, what, and each violated rule with its reason and remedy."""

import errno
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import cast

from portero.cli import options
from portero.cli.input_files import lines as lines_of
from portero.decision_log.journald import IDENTIFIER
from portero.decision_log.log_state import JOURNAL
from portero.hostcheck.plugin_client import ask_status
from portero.hostcheck.plugin_sockets import find_socket
from portero.judging import try_line
from portero.policy.policy import Policy
from portero.report import log_lines
from portero.report.log_lines import Logged
from portero.report.log_page import find_texts
from portero.report.log_violation import LoggedViolation, NoDecision
from portero.settings.settings import Settings
from portero.values.denial_parts import Proposed
from portero.values.json_types import JSON
from portero.values.times import instant

_DECISION = re.compile(r"d-[0-9a-f]{12}")
_STANDARD = "-"
_PIPED = "portero explain ID --log -"
_NO_LOG = "name the decision log with --log"
_FOR_ROOT = (
    "decisions are for root: sudo portero explain ID; a rule that a denial names is for all: portero explain RULE"
)
_BECAME = {"refused": "refused", "would": "allowed, though it would be refused", "allowed": "allowed"}
_BY = {
    "refused": "refused by {}",
    "would": "would be refused by {} (only logged: action or mode audit)",
    "stricter": "would be refused by {} under the audit profile (only reported)",
    "reported": "reported by {} (does not refuse under this profile)",
    "waived": "waived: {} is violated, an exception waives it",
}


def is_decision(name: str) -> bool:
    """Whether this is a decision's id, as denials and logs have it."""
    return _DECISION.fullmatch(name) is not None


def logs(settings: Settings, log: str | Sequence[str] | None) -> list[str]:
    """The files to look in: the log and its rotated files, newest first."""
    if log == _STANDARD:
        return [_STANDARD]
    place = settings.log if settings.log != _STANDARD else _log_of_the_plugin(settings.socket)
    if place == _STANDARD:
        options.give_up([f"the decisions went to the standard output of `portero serve`; {_NO_LOG}"])
    if place == JOURNAL:
        options.give_up(
            [f"the decisions are in the journal; pipe them in: journalctl -t {IDENTIFIER} -o cat | {_PIPED}"]
        )
    rotated = [path for path in Path(place).parent.glob(Path(place).name + "[.-]*") if path.is_file()]
    rotated.sort(key=lambda path: path.stat().st_mtime, reverse=True)
    try:
        os.stat(place)
    except PermissionError as error:
        options.give_up([f"{place}: {error.strerror}; {_FOR_ROOT}"])
    except OSError as error:
        if os.geteuid() != 0 and not rotated:
            options.give_up([f"{place}: {error.strerror}; {_FOR_ROOT}"])
        return [*map(str, rotated)] or [place]
    if not os.access(place, os.R_OK):
        options.give_up([f"{place}: {os.strerror(errno.EACCES)}; {_FOR_ROOT}"])
    return [place, *map(str, rotated)]


def find(id: str, files: Sequence[str]) -> Logged:
    """The decision with this id; ends the process when it is in none of the files."""
    # Much faster than reading every line as a decision.
    mark = id.encode()
    marked = (line for file in files for line in lines_of(file, log_lines.LONGEST_LINE) if mark in line)
    decision = next((one for one in map(_read, marked) if one is not None and one.id == id), None)
    if decision is None:
        options.give_up([f"{id}: not found in {', '.join(files)}; {_NO_LOG}"])
    return decision


def document(decision: Logged, policy: Policy) -> dict[str, JSON]:
    """The decision for machines."""
    return {
        "id": decision.id,
        "outcome": decision.outcome,
        "time": instant(decision.time),
        "user": decision.user,
        "groups": [*decision.groups],
        "identifiedBy": decision.identified_by,
        "breakGlass": decision.breaks_glass,
        "operation": decision.operation,
        "method": decision.method,
        "path": decision.path,
        "apiVersion": decision.version,
        "image": decision.image,
        "profile": decision.profile,
        "auditProfile": decision.audit_profile,
        "mode": decision.mode,
        "policy": decision.policy,
        "policyIsCurrent": decision.policy == policy.digest,
        "microseconds": decision.microseconds,
        "broken": [_violation(each, policy) for each in decision.violations],
        **({} if decision.proposed is None else {"try": cast(JSON, decision.proposed.entry())}),
    }


def lines(story: Mapping[str, JSON]) -> Iterator[str]:
    """The decision for people."""
    current = "still current" if story["policyIsCurrent"] else "not the current one: rules may have changed"
    image = f", image {story['image']}" if story["image"] else ""
    version = f", API {story['apiVersion']}" if story["apiVersion"] else ""
    operation = story["operation"] or "a request that could not be read"
    yield f"{story['id']}: {operation} was {_BECAME[str(story['outcome'])]}"
    yield ""
    yield f"when     {story['time']}"
    yield f"who      {_who(story)}"
    yield f"what     {f'''{story['method']} {story['path']}'''.strip() or 'unknown'}{image}{version}"
    stricter = f", audit profile {story['auditProfile']}" if story["auditProfile"] else ""
    lifted = ", break-glass: rules were lifted" if story["breakGlass"] else ""
    yield f"under    profile {story['profile']}, mode {story['mode']}{stricter}{lifted}"
    yield f"policy   {str(story['policy'])[:12]}, {current}"
    yield f"took     {cast(int, story['microseconds']) / 1000:.1f} ms"
    violations = cast(Sequence[Mapping[str, JSON]], story["broken"])
    refusing = [violation for violation in violations if violation["outcome"] == "refused"]
    for violation in refusing:
        yield ""
        yield from _violation_lines(violation)
    yield from _proposal_lines(story)
    others = [violation for violation in violations if violation["outcome"] != "refused"]
    if refusing and others:
        yield ""
        yield "Only reported or waived: none of these refused it."
    for violation in others:
        yield ""
        yield from _violation_lines(violation)


def _proposal_lines(story: Mapping[str, JSON]) -> Iterator[str]:
    tried, command = story.get("try"), try_line.COMMANDS.get(str(story["operation"]))
    if not isinstance(tried, dict) or command is None:
        return
    flags = cast(Mapping[str, list[list[str]]], tried)
    add, instead, without = (tuple(map(tuple, flags[name])) for name in ("add", "instead", "without"))
    yield ""
    yield f"try      {try_line.write_line(Proposed(command, add, instead, without))}"
    if still := cast("list[str]", tried.get("still", [])):
        yield f"         then still refused by: {', '.join(still)}"


def _who(story: Mapping[str, JSON]) -> str:
    if not story["user"]:
        return "unknown (no client certificate, no token)"
    groups = ", ".join(cast("list[str]", story["groups"]))
    by = f" by {story['identifiedBy']}" if story["identifiedBy"] else ""
    return f"{story['user']}{f' ({groups})' if groups else ''}{by}"


def _violation_lines(violation: Mapping[str, JSON]) -> Iterator[str]:
    at = f" at {violation['at']}" if violation["at"] else ""
    yield _BY[str(violation["outcome"])].format(violation["rule"]) + at
    if violation["exception"]:
        yield f"  exception  {violation['exception']}"
    if violation["asked"]:
        yield f"  asked      {violation['asked']}"
    if violation["allowed"]:
        yield f"  allowed    {violation['allowed']}"
    if violation["nearMiss"]:
        yield f"  near miss  {violation['nearMiss']}"
    if violation["reason"] is None:
        yield "  the current policy has no such rule; name its folder with --schemas"
        return
    if not violation["allowed"]:  # the figures are the reason
        yield f"  reason     {violation['reason']}"
    for client, remedy in cast(Mapping[str, str], violation["remedy"]).items():
        yield f"  {client:<10} {remedy}"


def _violation(violation: LoggedViolation, policy: Policy) -> dict[str, JSON]:
    known = find_texts(violation.rule, policy)
    return {
        "rule": violation.rule,
        "level": violation.level,
        "at": violation.at,
        "outcome": violation.outcome,
        "exception": violation.exception,
        "asked": violation.asked,
        "allowed": violation.allowed,
        "nearMiss": violation.near_miss,
        "reason": known.reason if known else None,
        "remedy": dict(known.remedy) if known else {},
    }


def _read(line: bytes) -> Logged | None:
    try:
        return log_lines.read(line)
    except NoDecision:
        return None


def _log_of_the_plugin(socket: Path) -> str:
    try:
        return str(ask_status(find_socket(socket))["log"])
    except (OSError, ValueError, KeyError):
        options.give_up([f"cannot reach the plugin to find its log; {_NO_LOG}"])
