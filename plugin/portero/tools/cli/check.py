"""`portero check`: decides requests from files without a daemon, or shows the documents that rules see."""

import os
import sys
import time
from collections.abc import Sequence

import click

from portero.decide.judging.judge import Judge
from portero.decide.values.dataclass import replace
from portero.decide.values.json_fields import JSON
from portero.decide.values.refusals import Refused
from portero.tools.cli import host_settings, judge_loading
from portero.tools.compose import check_fix
from portero.tools.compose.check_report import list_report, make_line
from portero.tools.compose.file_decisions import FileJudge
from portero.tools.compose.project import Reading
from portero.tools.compose.project_files import complete_projects, find_files, find_projects
from portero.tools.recording.request_files import FileRequest, InvalidRequestFile
from portero.tools.report.output_formats import write_junit_decisions
from portero.tools.report.sarif import make_sarif_of_decisions
from portero.tools.terminal import options
from portero.tools.terminal.formats import Outputs, show_outputs, takes_format
from portero.tools.terminal.input_files import FILE, READ_LATER
from portero.tools.terminal.output import make_json, make_text, show_json, show_lines


@click.command()
@click.argument("files", metavar="[FILE]...", nargs=-1, type=READ_LATER)
@click.option(
    *("-f", "--file", "project_files"), metavar="FILE", multiple=True, type=FILE, help="A compose file (repeatable)."
)
@click.option("--env-file", "env_files", metavar="FILE", multiple=True, type=FILE, help="Variables for Compose.")
@click.option(
    *("--compose-profile", "profiles"), metavar="NAME", multiple=True, default=["*"], help="A profile. Default: all."
)
@click.option("--operation", metavar="ID", help="The files hold bodies of this operation, such as ContainerCreate.")
@click.option("--fix", is_flag=True, help="Show a compose.override.yaml with which the services are allowed.")
@click.option("--write", is_flag=True, help="With --fix: write it, merged into the one that is there.")
@click.option("--all", "show_all", is_flag=True, help="Print what is allowed or only logged, too.")
@click.option("--request", "as_request", is_flag=True, help="Print the request document that rules see instead.")
@options.USER
@takes_format("text", "json", "sarif", "junit")
@options.takes_policy
@options.takes_host
@options.takes_compose
def check(
    files: tuple[str, ...],
    project_files: tuple[str, ...],
    env_files: tuple[str, ...],
    profiles: tuple[str, ...],
    operation: str | None,
    fix: bool,
    write: bool,
    show_all: bool,
    as_request: bool,
    user: str,
    outputs: Outputs,
    project_root: str | None,
    env: tuple[str, ...],
    no_sandbox: bool,
    **given: str | tuple[str, ...] | None,
) -> None:
    """Judge the requests in files, without a daemon. - is standard input.

    A FILE is a compose file (.yaml or .yml, which docker-compose reads in a sandbox), a folder with such files in it or
    below it, the output of docker inspect, an envelope as dockerd posts it, envelopes one a line, a request
    {"operation", "body", "path", "query"} written by hand, or a body with --operation. A compose file with a default
    name is read with the override beside it, as docker compose does. Without a FILE, the compose files that docker
    compose would take here. It decides as mode enforce does.
    """
    if write and not fix:
        options.give_up(["--write: needs --fix"])
    if fix and (as_request or any(one.format != "text" or one.file for one in outputs)):
        options.give_up(["--fix: prints an override as text; leave out --format, --json and --request"])
    settings = replace(host_settings.load_host_settings(given), mode="enforce")
    judge, caller = judge_loading.find_caller(judge_loading.load_remote_judge(settings), user)
    reading = Reading(
        project_root,
        options.read_variables(env, os.environ),
        not no_sandbox,
        env_files,
        profiles,
        knows_daemon=settings.host_root != "none" or settings.daemon_config is not None,
    )
    sees_host = settings.host_root != "none"
    files_judge = FileJudge(judge, reading, operation, sees_host, judge_loading.list_host_objects(settings), caller)
    with options.give_up_on(InvalidRequestFile):
        folders = [file for file in files if os.path.isdir(file)]
        below = [project for folder in folders for project in _list_below(folder)]
        completed = complete_projects([file for file in files if file not in folders]) + below
        projects = completed if files and not project_files else [project_files or _find_project(env_files), *completed]
        if fix:
            sys.exit(check_fix.fix_projects(files_judge, projects, is_written=write))
        requests, unread = files_judge.read_each(projects)
        if not requests and not unread:
            options.give_up([f"{', '.join(map(', '.join, projects))}: no requests found"])
        if as_request:
            passed = [*map(_show_document, files_judge.make_judges(requests), requests)]
        else:
            checked, notes = files_judge.decide(requests)
            if any(one.format == "text" for one in outputs):
                notes = replace(notes, warnings=[*notes.warnings, *files_judge.note_overrides(completed, checked)])
            errors: list[dict[str, JSON]] = [{"file": file, "error": why} for file, why in unread.items()]
            lines = [*map(make_line, checked), *errors]
            formats = {
                "text": lambda: make_text(list_report(checked, notes, show_all=show_all) if checked else ()),
                "json": lambda: "\n".join(make_json(line, None) for line in lines),
                "sarif": lambda: make_json(make_sarif_of_decisions(checked, judge.policy, unread)),
                "junit": lambda: write_junit_decisions(checked, unread),
            }
            show_outputs(outputs, formats)
            passed = [each.decision.allowed for each in checked]
    if unread:
        options.give_up([*unread.values()])
    sys.exit(options.ALLOWED if all(passed) else options.REFUSED)


def _list_below(folder: str) -> list[tuple[str, ...]]:
    return [*find_projects(folder)] or options.give_up([f"{folder}: no compose file in it or below it"])


def _find_project(env_files: Sequence[str]) -> tuple[str, ...]:
    """The compose files that docker compose finds by itself."""
    files = find_files(os.getcwd(), os.environ, env_files)
    if not files:
        options.give_up(["no compose file here: name a FILE"])
    return tuple(map(os.path.relpath, files))


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
