"""`portero check`: decides requests from files without a daemon, or shows the documents that rules see."""

import json
import os
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace

import click

from portero.cli import check_report, options
from portero.cli.input_files import FILE, open_input
from portero.cli.terminal import show_json, show_lines, show_text
from portero.compose.project import Reading, is_compose, is_yaml
from portero.decision import Decision, Subject, limit_violations, sort_violations
from portero.engine.rust import RUST
from portero.files import package_files
from portero.identity.caller import NOBODY
from portero.judging.judge import Judge
from portero.objects.known_networks import KnownNetworks
from portero.policy.policy import Policy
from portero.recording import request_files
from portero.recording.request_files import STANDARD_INPUT, DecidedRequest, FileRequest, InvalidRequestFile
from portero.refusals import Refused
from portero.values.json_types import JSON
from portero.values.spelling import format_path


@click.command()
@click.argument("files", metavar="[FILE]...", nargs=-1, type=FILE)
@click.option(
    "-f",
    "--file",
    "project_files",
    metavar="FILE",
    multiple=True,
    type=FILE,
    help="A compose file; those that are repeated override earlier ones, as with docker compose.",
)
@click.option("--env-file", "env_files", metavar="FILE", multiple=True, type=FILE, help="Variables for Compose.")
@click.option(
    "--compose-profile",
    "profiles",
    metavar="NAME",
    multiple=True,
    default=["*"],
    help="A profile of the compose file; repeatable. Default: all of them.",
)
@click.option("--operation", metavar="ID", help="The files hold bodies of this operation, such as ContainerCreate.")
@click.option("--request", "as_request", is_flag=True, help="Print the request document that rules see instead.")
@options.takes_format("text", "json", "sarif", "junit")
@options.takes_policy
@options.takes_host
@options.takes_compose
@options.JSON_OUTPUT
def check(
    files: tuple[str, ...],
    project_files: tuple[str, ...],
    env_files: tuple[str, ...],
    profiles: tuple[str, ...],
    operation: str | None,
    as_request: bool,
    form: str,
    as_json: bool,
    project_root: str | None,
    env: tuple[str, ...],
    no_sandbox: bool,
    **given: str | tuple[str, ...] | None,
) -> None:
    """Judge the requests in files, without a daemon; - is standard input.

    A FILE is a compose file (.yaml, .yml; docker-compose reads it, in a sandbox), what docker inspect printed, an
    envelope as dockerd posts it, envelopes one a line, a request {"operation", "body", "path", "query"} written by
    hand, or a body with --operation. Without one, the compose files of the current folder. Decisions are those of mode
    enforce.
    """
    settings = replace(options.settings_here(given), mode="enforce")
    judge = options.judge_elsewhere(settings)
    reading = Reading(
        project_root,
        options.variables(env, os.environ),
        not no_sandbox,
        env_files,
        profiles,
        knows_daemon=settings.host_root != "none" or settings.daemon_config is not None,
    )
    projects = [project_files or _find_project()] if project_files or not files else []
    projects += [(file,) for file in files]
    try:
        requests = [request for each in projects for request in _read_requests(each, judge, operation, reading)]
        if not requests:
            options.give_up(["no requests found in these files"])
        # Network IDs in the files have names there.
        names = {id: name for request in requests for id, name in request.networks.items()}
        judge = replace(judge, host=KnownNetworks(judge.host, names.get))
        if as_request:
            passed = [_show_document(judge, request) for request in requests]
        else:
            checked = [_check_request(judge, request) for request in requests]
            _show_decisions(checked, "json" if as_json else form, judge.policy)
            passed = [each.decision.allowed for each in checked]
    except InvalidRequestFile as error:
        options.give_up([str(error)])
    sys.exit(options.ALLOWED if all(passed) else options.REFUSED)


def _find_project() -> tuple[str, ...]:
    """The compose files that docker compose finds by itself."""
    from portero.compose import project

    files = project.from_command([], os.getcwd(), None).files
    if not files:
        options.give_up(["no compose file here: name a FILE"])
    return tuple(map(os.path.relpath, files))


def _read_requests(
    files: Sequence[str], judge: Judge, operation: str | None, reading: Reading
) -> Iterator[FileRequest]:
    if len(files) > 1 or is_compose(files[0]):
        from portero.compose import requests

        yield from requests.list_requests(files, judge.routes, reading)
        return
    with open_input(files[0]) as opened:
        data = opened.read()
    if files[0] == STANDARD_INPUT and operation is None and is_yaml(data):
        from portero.compose import requests

        yield from requests.list_requests_of_text(data, judge.routes, reading)
        return
    yield from request_files.read_requests(files[0], data, judge.routes.operations, operation)


def _check_request(judge: Judge, request: FileRequest) -> DecidedRequest:
    decision = _decide(judge, request)
    if request.judged is not None:
        judged = {f"?{name}" for name in request.judged}
        decision = replace(decision, violations=tuple(each for each in decision.violations if each.at in judged))
    return DecidedRequest(request, decision)


def _show_decisions(checked: Sequence[DecidedRequest], form: str, policy: Policy) -> None:
    if form == "sarif":
        from portero.report import sarif

        show_json(sarif.describe_decisions(checked, policy))
    elif form == "junit":
        from portero.report import junit

        show_text(junit.write_decisions(checked))
    for each in checked if form in ("json", "text") else ():
        if form == "json":
            show_json(check_report.make_line(each), indent=None)
        else:
            show_lines(check_report.list_lines(each))


def _show_document(judge: Judge, request: FileRequest) -> bool:
    """For rule writers: the document that rules see."""
    try:
        document = request.content
        if isinstance(document, bytes):
            document = judge.document(document, time.time(), request.identity)
    except Refused as refused:
        show_lines([f"{request.location}: {refused}: {refused.refusal.reason}"], err=True)
        return False
    show_json(document)
    return True


def _decide(judge: Judge, request: FileRequest) -> Decision:
    document, now = request.content, time.time()
    if isinstance(document, bytes):
        return judge.decide(document, "check", now, identity=request.identity)
    _refuse_malformed(request.location, document)
    enforcement = judge.enforcement.for_caller(judge.policy.site, request.identity or NOBODY)
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
    schema = json.loads((package_files.schemas() / "request.json").read_text(encoding="utf-8"))
    if failures := RUST.compile(schema, {}).failures(document):
        where = ", ".join(format_path(path) or "the document" for path in failures)
        raise InvalidRequestFile(
            f"{location}: {where}: does not match schemas/request.json; without facts, Portero makes them"
        )
