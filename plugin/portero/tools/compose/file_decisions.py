"""The requests of files and the decisions on them: of one project, each with what those before it make.

A path that is not there, or a container that was not made here, may be harmless on the host for which the file is
meant: away from it, that is only counted. So may a file of /etc that is mounted read-only: most are everybody's.
"""

import os
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress

from portero.decide.decision import Decision, Subject, Violation, limit_violations, sort_violations
from portero.decide.engine.rust import RUST
from portero.decide.identity.caller import NO_IDENTITY, Identity
from portero.decide.interfaces.daemon import Objects
from portero.decide.interfaces.host_notes import HostOverlay
from portero.decide.judging.judge import Judge
from portero.decide.values.dataclass import dataclass, replace
from portero.decide.values.json_fields import JSON, child, objects, text
from portero.decide.values.path import clean
from portero.decide.values.refusals import Refused
from portero.decide.values.spelling import format_path
from portero.observe.process import package_files
from portero.tools.compose.check_report import ReportNotes
from portero.tools.compose.project import Reading, is_compose, is_yaml
from portero.tools.compose.project_files import find_main
from portero.tools.recording import request_files
from portero.tools.recording.request_files import STANDARD_INPUT, DecidedRequest, FileRequest, InvalidRequestFile
from portero.tools.standin import trial_objects
from portero.tools.standin.objects import State
from portero.tools.standin.trial_objects import NO_OBJECTS, HostObjects, ProjectObjects, drop_causes_named_elsewhere
from portero.tools.terminal.input_files import open_input


@dataclass(frozen=True, slots=True)
class FileJudge:
    """Judges requests of files. `sees_host`: whether this is the host for which they are meant.

    `existing`: what is there beside what they make. `caller`: who asks of a project.
    """

    judge: Judge
    reading: Reading
    operation: str | None
    sees_host: bool
    existing: HostObjects = NO_OBJECTS
    caller: Identity = NO_IDENTITY

    def read(self, projects: Sequence[Sequence[str]]) -> list[FileRequest]:
        """The requests of these files, those of one project together; raises InvalidRequestFile."""
        read = (one for each in projects for one in _read_requests(each, self.judge, self.operation, self.reading))
        return [replace(one, objects=self._add_existing(one.objects), identity=self._name_caller(one)) for one in read]

    def _name_caller(self, request: FileRequest) -> Identity | None:
        """An envelope says it itself, a project does not."""
        return self.caller if request.identity is NO_IDENTITY else request.identity

    def read_each(self, projects: Sequence[Sequence[str]]) -> tuple[list[FileRequest], dict[str, str]]:
        """The same, and why projects cannot be read, by their first file."""
        read, unread = list[FileRequest](), dict[str, str]()
        for files in projects:
            try:
                read += self._read_as_overlay(files) if len(files) == 1 and is_compose(files[0]) else self.read([files])
            except InvalidRequestFile as error:
                unread[files[0]] = str(error)
            except OSError as error:
                unread[files[0]] = f"{error.filename or files[0]}: {error.strerror}"
        return read, unread

    def _read_as_overlay(self, files: Sequence[str]) -> list[FileRequest]:
        """A file that Compose does not take alone goes with the default one beside it, as with -f FILE -f FILE."""
        try:
            return self.read([files])
        except InvalidRequestFile:
            main = find_main(files[0])
            if not main or os.path.samefile(main, files[0]):
                raise
            with suppress(InvalidRequestFile):
                return self.read([(main, *files)])
            raise

    def note_overrides(self, projects: Sequence[Sequence[str]], checked: Sequence[DecidedRequest]) -> Iterator[str]:
        """Where a file alone would be judged otherwise than with the override that Compose reads too."""
        for main, override in (files for files in projects if len(files) > 1):
            allowed = all(each.decision.allowed for each in checked if each.request.file in (main, override))
            with suppress(InvalidRequestFile):
                alone, _ = self.decide(self.read([(main,)]))
                if allowed != all(each.decision.allowed for each in alone):
                    yield f"{main} is judged with {override}; alone it would be {'refused' if allowed else 'allowed'}"

    def _add_existing(self, made: Objects | None) -> Objects | None:
        if self.existing.daemon is None and not isinstance(made, ProjectObjects):
            return made
        project = made if isinstance(made, ProjectObjects) else ProjectObjects(State())
        return replace(project, host=self.existing, label=str(self.judge.policy.site.get("ownership") or ""))

    def make_judges(self, requests: Sequence[FileRequest]) -> Iterator[Judge]:
        """For each request the judge with what the files say of networks, and what exists by its time."""
        names = {id: name for each in requests for id, name in each.networks.items()}
        routes = self.judge.routes.limit_lookups(*trial_objects.KINDS)
        for request in requests:
            host = HostOverlay(self.judge.host, names.get, given=request.objects)
            yield replace(self.judge, host=host, routes=routes)

    def decide(self, requests: Sequence[FileRequest]) -> tuple[list[DecidedRequest], ReportNotes]:
        checked = [*map(_check_request, self.make_judges(requests), requests)]
        unseen = 0
        if not self.sees_host:
            checked, unseen = report_unseen(checked)
        assumed = {name for request in requests for name in list_assumed(request)}
        warnings = [text for request in requests for text in request.warnings]
        warnings += dict.fromkeys(filter(None, map(_find_unread, self.make_judges(requests), checked)))
        return checked, ReportNotes(warnings, unseen + len(assumed), self.existing.note)


def _read_requests(
    files: Sequence[str], judge: Judge, operation: str | None, reading: Reading
) -> Iterator[FileRequest]:
    if len(files) > 1 or is_compose(files[0]):
        if operation is not None:
            raise InvalidRequestFile(f"{files[0]}: --operation is for files with bodies, and not for compose files")
        from portero.tools.compose import requests

        yield from requests.list_requests(files, judge.routes, reading)
        return
    with open_input(files[0]) as opened:
        data = opened.read()
    if files[0] == STANDARD_INPUT and operation is None and is_yaml(data):
        from portero.tools.compose import requests

        yield from requests.list_requests_of_text(data, judge.routes, reading)
        return
    yield from request_files.read_requests(files[0], data, judge.routes.operations, operation)


def _check_request(judge: Judge, request: FileRequest) -> DecidedRequest:
    decision = _decide(judge, request)
    if isinstance(request.objects, ProjectObjects):
        decision = drop_causes_named_elsewhere(decision, request.objects)
    if request.judged is not None:
        judged = {f"?{name}" for name in request.judged}
        decision = replace(decision, violations=tuple(each for each in decision.violations if each.at in judged))
    document = None if decision.allowed else _read_document(judge, request)
    return DecidedRequest(request, decision, child(document, "facts") if isinstance(document, dict) else {})


def _read_document(judge: Judge, request: FileRequest) -> dict[str, JSON] | Refused:
    """What rules see, or why it cannot be read."""
    if not isinstance(request.content, bytes):
        return request.content
    try:
        return judge.document(request.content, time.time(), request.identity)
    except Refused as refused:
        return refused


def _find_unread(judge: Judge, checked: DecidedRequest) -> str:
    """The file that could not be read, where a request is refused for it."""
    is_unread = any(one.rule == _UNREADABLE for one in checked.decision.violations)
    refused = _read_document(judge, checked.request) if is_unread else None
    error = refused.__cause__ if isinstance(refused, Refused) else None
    return f"{error.filename}: {error.strerror}" if isinstance(error, OSError) and error.filename else ""


def _decide(judge: Judge, request: FileRequest) -> Decision:
    document, now = request.content, time.time()
    if isinstance(document, bytes):
        return judge.decide(document, "check", now, identity=request.identity)
    _refuse_malformed(request.location, document)
    enforcement = judge.enforcement.for_caller(judge.policy.site, request.identity or NO_IDENTITY)
    return Decision(
        id="check",
        time=now,
        subject=Subject(operation=str(document["operation"]), method=str(document["method"])),
        violations=limit_violations(sort_violations(judge.find_violations(document, now, enforcement))),
        policy=judge.policy.digest,
        profile=enforcement.profile,
        mode="enforce",
    )


def _refuse_malformed(location: str, document: dict[str, JSON]) -> None:
    """A rule about a missing field says nothing, so a document written by hand must be complete."""
    schema = package_files.read_schema("request.json")
    if failures := RUST.compile(schema, {}).failures(document):
        where = ", ".join(format_path(path) or "the document" for path in failures)
        raise InvalidRequestFile(
            f"{location}: {where}: does not match schemas/request.json; without facts, Portero makes them"
        )


_UNREADABLE = "host-unreadable"
# They refuse what cannot be seen, whatever it is.
UNSEEN = frozenset({"host-paths-seen", "joined-containers-seen", "unseen-device-nodes"})
# Refused only where the file is not for everybody, which the host tells.
_SENSITIVE = "no-sensitive-paths"
_BELOW = ("/etc/", "/usr/")


def report_unseen(checked: Sequence[DecidedRequest]) -> tuple[list[DecidedRequest], int]:
    """The requests, with findings that depend on the host only reported; and how many these are."""
    count, changed = 0, list[DecidedRequest]()
    for each in checked:
        unseen = [
            one.action == "deny" and (one.rule in UNSEEN or _depends_on_mode(each.facts, one))
            for one in each.decision.violations
        ]
        count += sum(unseen)
        violations = tuple(
            replace(one, action="audit") if is_unseen else one
            for one, is_unseen in zip(each.decision.violations, unseen, strict=True)
        )
        changed.append(replace(each, decision=replace(each.decision, violations=violations)))
    return changed, count


def _depends_on_mode(facts: Mapping[str, JSON], violation: Violation) -> bool:
    """Whether it is a read-only mount of what may be a file for everybody."""
    if violation.rule != _SENSITIVE or violation.wording is None:
        return False
    mounted = next((mount for mount in objects(facts, "mounts") if text(mount, "at") == violation.at), {})
    return clean(violation.wording.requested).startswith(_BELOW) and mounted.get("writable") is False


def list_assumed(request: FileRequest) -> Iterable[str]:
    """Containers that the project joins and does not make: they count as plain."""
    return request.objects.assumed if isinstance(request.objects, ProjectObjects) else ()
