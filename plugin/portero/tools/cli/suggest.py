"""`portero suggest`: the site values and exceptions that would allow the denied requests."""

import os
import sys
import time
from collections.abc import Collection, Iterator, Mapping
from functools import lru_cache
from typing import cast

import click

from portero.decide.decision import Violation, list_denials
from portero.decide.facts import image
from portero.decide.identity.caller import Identity
from portero.decide.interfaces.host_notes import HostNotes
from portero.decide.judging.judge import Judge
from portero.decide.policy import doors
from portero.decide.values.dataclass import dataclass, replace
from portero.decide.values.json_fields import JSON
from portero.decide.values.refusals import Refused
from portero.observe.process import package_files
from portero.tools.cli import host_settings, judge_loading
from portero.tools.compose.file_decisions import UNSEEN, FileJudge
from portero.tools.compose.project import Reading, is_compose
from portero.tools.compose.project_files import complete_projects, find_projects
from portero.tools.recording import recorded_line
from portero.tools.recording.recorded_line import InvalidRecordLine
from portero.tools.recording.request_files import InvalidRequestFile
from portero.tools.report import log_lines
from portero.tools.report.log_lines import LoggedDecision
from portero.tools.suggest import suggestion_text
from portero.tools.suggest.door_entry import DoorUse
from portero.tools.suggest.drafts import RefusedRequest
from portero.tools.suggest.site_values import SiteValues
from portero.tools.suggest.suggestions import Suggestions
from portero.tools.terminal import options
from portero.tools.terminal.formats import JSON_OUTPUT, Outputs, show
from portero.tools.terminal.input_files import FILE_OR_FOLDER, read_lines
from portero.tools.terminal.output import show_lines


@click.command()
@click.argument("logs", metavar="LOG...", nargs=-1, required=True, type=FILE_OR_FOLDER)
@options.takes_policy
@options.HOST_ROOT
@options.DAEMON_CONFIG
@options.takes_compose
@click.option("--door", metavar="NAME", help="Draft the entry of this door from decision logs of its requests.")
@JSON_OUTPUT
def suggest(
    logs: tuple[str, ...],
    outputs: Outputs,
    door: str | None,
    project_root: str | None,
    env: tuple[str, ...],
    no_sandbox: bool,
    **given: str | tuple[str, ...] | None,
) -> None:
    """Suggest site values and exceptions that would allow the denied requests.

    A LOG is a recording (PORTERO_RECORD), which has values, or a decision log, which has names only. Rotated ones
    and .gz are read too, - is standard input. A LOG can also be a compose file, or a folder with compose files. Each
    site value is tried with the rule that denied. Fill in owner, reason and expiry of exceptions yourself. Exit status
    1: nothing is suggested for some denial.
    """
    if door is not None:
        _suggest_door(door, logs, outputs)
        return
    reader = LogReader.under(
        judge_loading.load_remote_judge(replace(host_settings.load_host_settings(given), mode="enforce"))
    )
    reading = Reading(project_root, options.read_variables(env, os.environ), not no_sandbox)
    unread: list[str] = []
    sees_host = given.get("host_root") != "none"
    for log in logs:
        if os.path.isdir(log) or is_compose(log):
            unread += reader.read_projects(log, reading, sees_host=sees_host)
        else:
            reader.read_log(log)
    if not reader.suggestions.requests:
        options.give_up(unread or [f"{', '.join(logs)}: no decisions, recorded requests or compose files found"])
    show_lines((f"not read: {fault}" for fault in unread), err=True)
    show(suggestion_text.describe(reader.suggestions), suggestion_text.list_lines(reader.suggestions), outputs)
    sys.exit(options.REFUSED if reader.suggestions.list_not_suggested() else options.ALLOWED)


def _suggest_door(name: str, logs: Collection[str], outputs: Outputs) -> None:
    use = DoorUse(name)
    for log in logs:
        for line in read_lines(log, recorded_line.MAX_LINE_BYTES):
            decision = log_lines.read_decision(line)
            if decision is not None and not decision.is_probe:
                use.add(decision.operation, decision.user, decision.identified_by, decision.owners)
    if not use.requests:
        options.give_up([f"{', '.join(logs)}: no decisions about requests at the door {name} found"])
    lists = doors.read_lists(package_files.read_schema("site.json"))
    show(use.describe(), use.list_lines(lists), outputs)


@dataclass(frozen=True, slots=True)
class LogReader:
    """Reads recordings and decision logs into suggestions, line by line."""

    judge: Judge
    suggestions: Suggestions

    @classmethod
    def under(cls, judge: Judge) -> "LogReader":
        read = package_files.read_schema
        finder = SiteValues(judge.policy, read("site.schema.json"), read("request.json"))
        return cls(judge, Suggestions(judge.policy, finder))

    def read_log(self, log: str) -> None:
        """Add every line of a file; those that are neither of the two kinds are left out."""
        for line in read_lines(log, recorded_line.MAX_LINE_BYTES):
            if not line.strip():
                continue
            decision = log_lines.read_decision(line)
            if decision is None:
                self._add_recorded(line)
            elif not decision.is_probe:
                add_refused(self.suggestions, decision)

    def read_projects(self, file: str, reading: Reading, *, sees_host: bool) -> Iterator[str]:
        """Add the requests of a compose file, or of all projects in a folder; yields what could not be read.

        `sees_host`: False: what only the host tells is no reason for a suggestion.
        """
        judge = FileJudge(self.judge, reading, None, sees_host=sees_host)
        left_out = frozenset[str]() if sees_host else UNSEEN
        unread = list[OSError]()
        for files in find_projects(file, unread.append) if os.path.isdir(file) else complete_projects([file]):
            try:
                requests = judge.read([files])
            except InvalidRequestFile as error:
                yield str(error)
                continue
            for knowing, request in zip(judge.make_judges(requests), requests, strict=True):
                if isinstance(request.content, bytes):
                    self._add_envelope(knowing, request.content, request.identity, left_out)
        yield from (f"{error.filename}: {error.strerror}" for error in unread)

    def _add_recorded(self, line: bytes) -> None:
        try:
            recorded = recorded_line.read_record(line)
        except InvalidRecordLine:
            return
        if recorded is None or recorded.envelope is None:
            return
        self._add_envelope(self.judge, recorded.envelope, notes=recorded.notes)

    def _add_envelope(
        self,
        judge: Judge,
        envelope: bytes,
        identity: Identity | None = None,
        left_out: Collection[str] = (),
        notes: HostNotes | None = None,
    ) -> None:
        try:
            document = judge.document(envelope, time.time(), identity, notes)
        except Refused as refused:
            self.suggestions.add(RefusedRequest(""), [_make_violation(refused.code, "always", refused.at)])
            return
        violations = judge.find_violations(document, time.time(), judge.enforcement, ("deny",))
        denials = [one for one in list_denials(violations) if one.rule not in left_out]
        self.suggestions.add(_read_request(document), denials, document)


def add_refused(suggestions: Suggestions, decision: LoggedDecision) -> None:
    """Add a decision of a log, with what refuses the request, or would."""
    denials = [_make_violation(each.rule, each.level, each.at) for each in decision.refusing]
    # Only the image of a refused request matters, and its name takes time to parse.
    image_parts = _read_image(decision.image if denials else "")
    suggestions.add(RefusedRequest(decision.operation, *image_parts, decision.user), denials)


@lru_cache(maxsize=1024)
def _read_image(named: str) -> tuple[str, str, str]:
    return _list_parts(image.parse_reference(named, "") if named else {})


def _read_request(document: dict[str, JSON]) -> RefusedRequest:
    facts, identity = (cast("dict[str, JSON]", document[name]) for name in ("facts", "identity"))
    named = cast("dict[str, JSON]", facts.get("image") or {})
    return RefusedRequest(str(document["operation"]), *_list_parts(named), str(identity["user"]))


def _list_parts(named: Mapping[str, JSON]) -> tuple[str, str, str]:
    """Registry, repository and digest of an image; empty where it has none."""
    registry, repository, digest = (str(named.get(name) or "") for name in ("registry", "repository", "digest"))
    return registry, repository, digest


@lru_cache(maxsize=1024)
def _make_violation(rule: str, level: str, at: str) -> Violation:
    return Violation(rule, level, at, "deny", "", {})
