"""`portero try`: runs a real client against the stand-in and prints the decision on each request that it sends."""

import os
import sys
from collections.abc import Iterator, Sequence
from fnmatch import fnmatchcase
from itertools import groupby

import click

from portero.decide.decision import Decision
from portero.decide.judging import denial
from portero.decide.values.dataclass import replace
from portero.decide.values.spelling import count_things
from portero.decide.values.tables import read_rows
from portero.tools.cli import host_settings, judge_loading
from portero.tools.compose import project, requests
from portero.tools.compose.project import Reading
from portero.tools.recording.request_files import InvalidRequestFile
from portero.tools.standin import docker_command, socket_server, typed_command
from portero.tools.standin.answers import TrySession
from portero.tools.standin.command_line import CommandLine, NotTried, parse_command
from portero.tools.standin.docker_command import Ended
from portero.tools.terminal import options
from portero.tools.terminal.formats import JSON_OUTPUT, Outputs, show_outputs
from portero.tools.terminal.output import make_json, make_text, show_text

_LAST_LINES = 5
_SECONDS = click.FloatRange(1, 3600)
_PRIVILEGED = "no-privileged"
# What makes containers itself, by what the projects say of their images.
_PRIVILEGED_IMAGES = tuple(row[0] for row in read_rows(__file__, "privileged_images.tsv"))
_NOT_REFUSING = (("audit", "logged only"), ("waived", "waived by an exception"))


@click.command("try", context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False})
@click.argument("command", metavar="-- COMMAND...", nargs=-1, required=True, type=click.UNPROCESSED)
@click.option("--all", "go_on", is_flag=True, help="Go on after a denial, to see the next requests.")
@click.option("--any", "any_program", is_flag=True, help="COMMAND is another program that honours DOCKER_HOST.")
@click.option("--timeout", metavar="SECONDS", type=_SECONDS, default=60, show_default=True, help="How long it may run.")
@click.option("--verbose", is_flag=True, help="Show the output of the command on standard error.")
@options.USER
@options.takes_policy
@options.takes_host
@options.takes_compose
@JSON_OUTPUT
def tryout(
    command: tuple[str, ...],
    go_on: bool,
    any_program: bool,
    timeout: float,
    verbose: bool,
    user: str,
    outputs: Outputs,
    project_root: str | None,
    env: tuple[str, ...],
    no_sandbox: bool,
    **given: str | tuple[str, ...] | None,
) -> None:
    """Run a docker or docker-compose command against a stand-in for dockerd, and show the denials.

    Nothing is created, and neither dockerd nor root is needed. It decides as mode enforce does.
    """
    typed = _parse_command(command, any_program=any_program)
    settings = replace(host_settings.load_host_settings(given), mode="enforce")
    judge, caller = judge_loading.find_caller(judge_loading.load_remote_judge(settings), user)
    existing = judge_loading.list_host_objects(settings)
    session = TrySession(judge, go_on=go_on, existing=existing, caller=caller)
    if typed.is_compose:
        reading = Reading(project_root, options.read_variables(env, os.environ), not no_sandbox)
        ended = _run_compose(session, typed, timeout, reading)
    else:
        ended = _run(session, typed, timeout)
    if verbose:
        show_text(ended.output, err=True)
    decisions = session.decisions
    if _is_command_failure(decisions, typed, ended):
        options.give_up([f"{command[0]} asked the daemon for nothing: {_join_last_lines(ended)}"])

    is_allowed = all(decision.allowed for decision in decisions)

    def try_again(others: CommandLine) -> Sequence[Decision]:
        another = TrySession(judge, existing=existing, caller=caller)
        _run(another, others, timeout)
        return another.decisions

    can_correct = not typed.is_compose and not any_program and not is_allowed
    corrected = typed_command.find_allowed(typed, decisions, try_again) if can_correct else ""
    useless = next(filter(None, map(_find_use, decisions)), "")
    proposed = [useless] if useless else ["this command is allowed:", corrected] if corrected else []
    lines = [*_list_lines(decisions, ended, go_on=go_on), *filter(None, [existing.note]), *proposed]
    document = {
        "command": list(typed.all),
        "status": ended.status,
        "allowed": is_allowed,
        "requests": [one.line(microseconds=0) | {"violations": denial.describe_violations(one)} for one in decisions],
        "corrected": (not useless and corrected) or None,
    }
    show_outputs(outputs, {"text": lambda: make_text(lines), "json": lambda: make_json(document, None)})
    sys.exit(options.ALLOWED if is_allowed else options.REFUSED)


def _find_use(decision: Decision) -> str:
    """Why no correction is of use, where the image cannot work without the privileges that are refused."""
    image = (decision.subject.image or "").removeprefix("docker.io/").removeprefix("library/")
    refused = {one.rule for one in decision.denials}
    if _PRIVILEGED in refused and any(fnmatchcase(image, pattern) for pattern in _PRIVILEGED_IMAGES):
        return f"{image} does not work without --privileged: run it on a host of its own, or ask for an exception"
    return ""


def _is_command_failure(decisions: Sequence[Decision], typed: CommandLine, ended: Ended) -> bool:
    """Whether the client failed by itself: before its first ping, after it, or, for Compose, on its files."""
    first = "System" if typed.is_compose else "SystemPing"
    requests = [decision for decision in decisions if not decision.subject.operation.startswith(first)]
    return not decisions or (not requests and ended.status != 0 and all(decision.allowed for decision in decisions))


def _parse_command(command: Sequence[str], *, any_program: bool) -> CommandLine:
    if any_program:
        return CommandLine(tuple(command), len(command), is_compose=False)
    with options.give_up_on(NotTried):
        return parse_command(command)


def _run(session: TrySession, typed: CommandLine, timeout: float) -> Ended:
    with (
        options.explain_os_errors(typed.all[0], "is it installed?"),
        socket_server.serve(session.daemon.answer) as socket,
    ):
        environ = docker_command.make_environment(os.environ, socket)
        return docker_command.run(typed.all, environ, timeout, terminal=_needs_terminal(typed))


def _run_compose(session: TrySession, typed: CommandLine, timeout: float, reading: Reading) -> Ended:
    folder, before = os.getcwd(), typed.all[typed.program : typed.subcommand]
    with options.give_up_on(InvalidRequestFile):
        named, words = project.open_command(before, folder, reading.root), typed.all[typed.subcommand :]
        if not project.names_files(before):
            # What COMPOSE_FILE says, the sandbox does not know.
            before = (*before, *(word for file in named.files for word in ("--file", file)))
        terminal = _needs_terminal(typed)
        _, ended = requests.run_compose(
            named, reading, folder, session.daemon, before, words, timeout, terminal=terminal
        )
        return ended


def _needs_terminal(typed: CommandLine) -> bool:
    return typed.asks_for_terminal and not sys.stdin.isatty()


def _list_lines(decisions: Sequence[Decision], ended: Ended, *, go_on: bool) -> Iterator[str]:
    shown: set[tuple[str, ...]] = set()
    for _, group in groupby(
        decisions, key=lambda one: (one.subject.operation, one.subject.image, one.allowed, one.violations)
    ):
        same = list(group)
        yield _summarize(same[0], len(same))
        reasons = tuple(denial.list_reasons(same[0]))
        yield from ["  as above"] if reasons in shown else reasons
        shown.update({reasons} - {()})
        yield from _list_others(same[0])
    refused = sum(not decision.allowed for decision in decisions)
    yield f"{count_things(len(decisions), 'request')}, {refused} denied"
    if ended.status is None:
        yield "the command was still running at its timeout (--timeout); its requests until then are above"
    elif refused and not go_on:
        yield "the command may have stopped at a denial; --all goes on as if it had been allowed"
    elif ended.status and not refused:
        yield f"the command itself failed with status {ended.status}: {_join_last_lines(ended)}"


def _summarize(decision: Decision, times: int) -> str:
    subject = decision.subject
    outcome = "allowed" if decision.allowed else "DENIED "
    image = f" of {subject.image}" if subject.image and subject.image.isprintable() else ""
    again = f" ({times} times)" if times > 1 else ""
    return f"{outcome}  {subject.operation or 'an unknown operation'}{image}{again}"


def _list_others(decision: Decision) -> Iterator[str]:
    """The rules that are violated and refuse nothing."""
    for action, text in _NOT_REFUSING:
        rules = dict.fromkeys(violation.rule for violation in decision.violations if violation.action == action)
        if rules:
            yield f"  {text}: {', '.join(rules)}"


def _join_last_lines(ended: Ended) -> str:
    lines = [line.strip() for line in ended.output.splitlines() if line.strip()]
    return " / ".join(lines[-_LAST_LINES:]) or "no output"
