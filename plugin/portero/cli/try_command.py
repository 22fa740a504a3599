"""`portero try`: runs a real client against the stand-in and prints the decision on each request that it sends."""

import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import groupby

import click

from portero.cli import corrected_command, options
from portero.cli.terminal import show_json, show_lines, show_text
from portero.compose import project, refused_keys
from portero.compose import run as compose_run
from portero.compose.resolved_project import add_external_objects
from portero.compose.run import SandboxError
from portero.decision import Decision
from portero.judging import denial
from portero.standin import docker_client
from portero.standin.docker_client import Ended
from portero.standin.socket_server import StandIn
from portero.standin.subcommand import CommandLine, NotTried, parse_command
from portero.standin.trial import Trial
from portero.values.json_types import JSON

_LAST_LINES = 5
_NOT_REFUSING = (("audit", "logged only"), ("waived", "waived by an exception"))


@click.command("try", context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False})
@click.argument("command", metavar="-- COMMAND...", nargs=-1, required=True, type=click.UNPROCESSED)
@click.option("--all", "go_on", is_flag=True, help="Go on after a refusal, to see the next requests.")
@click.option("--any", "any_program", is_flag=True, help="COMMAND is another program that honours DOCKER_HOST.")
@click.option("--timeout", metavar="SECONDS", type=click.FloatRange(1, 3600), default=60.0, show_default=True)
@click.option("--verbose", is_flag=True, help="Show the output of the command on standard error.")
@options.takes_policy
@options.takes_host
@options.takes_compose
@options.JSON_OUTPUT
def tryout(
    command: tuple[str, ...],
    go_on: bool,
    any_program: bool,
    timeout: float,
    verbose: bool,
    as_json: bool,
    project_root: str | None,
    env: tuple[str, ...],
    no_sandbox: bool,
    **given: str | tuple[str, ...] | None,
) -> None:
    """Run a docker or docker-compose command against a stand-in for dockerd, and show what would be refused.

    Nothing is created; neither dockerd nor root is needed. Decisions are those of mode enforce.
    """
    words = _words(command, any_program=any_program)
    judge = options.judge_elsewhere(replace(options.settings(given), mode="enforce"))
    trial = Trial(judge, go_on=go_on)
    if words.is_compose:
        variables = options.variables(env, os.environ)
        ended = _run_compose(trial, words, timeout, project_root, variables, sandboxed=not no_sandbox)
    else:
        ended = _run(trial, words, timeout)
    if verbose:
        show_text(ended.output, err=True)
    decisions = _decisions(trial)
    if _asked_nothing(decisions, words, ended):
        options.give_up([f"{command[0]} asked the daemon for nothing: {_last_lines(ended)}"])

    def try_words(others: CommandLine) -> Sequence[Decision]:
        another = Trial(judge)
        _run(another, others, timeout)
        return _decisions(another)

    can_correct = not words.is_compose and not any_program and not all(decision.allowed for decision in decisions)
    corrected = corrected_command.find(words, decisions, try_words) if can_correct else ""
    if as_json:
        show_json(_document(words, decisions, ended, corrected), indent=None)
    else:
        show_lines(_report(decisions, ended, go_on=go_on))
        show_lines(["this command is allowed:", corrected] if corrected else [])
    sys.exit(options.ALLOWED if all(decision.allowed for decision in decisions) else options.REFUSED)


def _decisions(trial: Trial) -> Sequence[Decision]:
    return [judged.decision for judged in trial.judged]


def _asked_nothing(decisions: Sequence[Decision], words: CommandLine, ended: Ended) -> bool:
    """Whether the client failed on its own: before the ping that comes first, after it, or Compose on its files."""
    looks = ("System",) if words.is_compose else ("SystemPing",)
    asked = [decision for decision in decisions if not decision.subject.operation.startswith(looks)]
    return not decisions or (not asked and ended.status != 0 and all(decision.allowed for decision in decisions))


def _words(command: Sequence[str], *, any_program: bool) -> CommandLine:
    if any_program:
        return CommandLine(tuple(command), len(command), is_compose=False)
    try:
        return parse_command(command)
    except NotTried as reason:
        options.give_up([str(reason)])


def _run(trial: Trial, words: CommandLine, timeout: float) -> Ended:
    try:
        with StandIn(trial.daemon.answer) as socket:
            environ = docker_client.environment(os.environ, socket)
            return docker_client.run(words.all, environ, timeout, terminal=_needs_terminal(words))
    except OSError as error:
        options.give_up([f"{words.all[0]}: {error.strerror}; is it installed?"])


def _run_compose(
    trial: Trial, words: CommandLine, timeout: float, root: str | None, variables: Mapping[str, str], *, sandboxed: bool
) -> Ended:
    """A compose project may be untrusted: Compose always runs in its sandbox."""
    folder = os.getcwd()
    before, compose_words = words.all[words.program : words.subcommand], words.all[words.program :]
    try:
        of = project.from_command(before, folder, root)
        if sandboxed:
            refused_keys.check_files(of.files, of.shown)
        run = compose_run.find_runner(of.shown, folder, variables, timeout, sandboxed=sandboxed).run
        with StandIn(trial.daemon.answer) as socket:
            add_external_objects(
                trial.daemon.state, run([*before, "config", "--format", "json"], socket, errors=False).output
            )
            return run(compose_words, socket, terminal=_needs_terminal(words))
    except SandboxError as error:
        options.give_up([str(error)])


def _needs_terminal(words: CommandLine) -> bool:
    return words.asks_for_terminal and not sys.stdin.isatty()


def _report(decisions: Sequence[Decision], ended: Ended, *, go_on: bool) -> Iterator[str]:
    shown: set[tuple[str, str]] = set()
    for _, alike in groupby(
        decisions, key=lambda one: (one.subject.operation, one.subject.image, one.allowed, one.violations)
    ):
        same = list(alike)
        yield _line(same[0], len(same))
        yield from _reasons(same[0], shown)
    refused = sum(not decision.allowed for decision in decisions)
    yield f"{len(decisions)} request{'s'[: len(decisions) != 1]}, {refused} refused"
    if ended.status is None:
        yield "the command was still running when its time was up (--timeout); what it asked until then is above"
    elif refused and not go_on:
        yield "the command may have stopped at a refusal; --all goes on as if it had been allowed"
    elif ended.status and not refused:
        yield f"the command ended with status {ended.status}, for reasons of its own: {_last_lines(ended)}"


def _line(decision: Decision, times: int) -> str:
    subject = decision.subject
    outcome = "allowed" if decision.allowed else "REFUSED"
    image = f" of {subject.image}" if subject.image and subject.image.isprintable() else ""
    again = f" ({times} times)" if times > 1 else ""
    return f"{outcome}  {subject.operation or 'an unknown operation'}{image}{again}"


def _reasons(decision: Decision, shown: set[tuple[str, str]]) -> Iterator[str]:
    """What refuses, each rule and place with its reason and remedy the first time; then what is only logged."""
    dialect = decision.dialect
    for violation in decision.violations:
        if violation.action == "deny":
            key = (violation.rule, violation.at)
            yield f"  {violation.rule}  {'(see above)' if key in shown else denial.write_sentence(violation, dialect)}"
            if key not in shown and violation.near_miss is not None:
                yield f"    near miss: {violation.near_miss}"
            shown.add(key)
    if decision.suggestion is not None and decision.suggestion.line:
        yield f"  try: {decision.suggestion.line}"
        yield from denial.list_left_open(decision)
    for action, text in _NOT_REFUSING:
        rules = dict.fromkeys(violation.rule for violation in decision.violations if violation.action == action)
        if rules:
            yield f"  {text}: {', '.join(rules)}"


def _last_lines(ended: Ended) -> str:
    lines = [line.strip() for line in ended.output.splitlines() if line.strip()]
    return " / ".join(lines[-_LAST_LINES:]) or "no output"


def _document(words: CommandLine, decisions: Sequence[Decision], ended: Ended, corrected: str) -> Mapping[str, JSON]:
    return {
        "command": list(words.all),
        "status": ended.status,
        "allowed": all(decision.allowed for decision in decisions),
        "requests": [_request(decision) for decision in decisions],
        "corrected": corrected or None,
    }


def _request(decision: Decision) -> JSON:
    violations: list[JSON] = [
        violation.entry() | {"reason": violation.reason, "remedy": dict(violation.remedy)}
        for violation in decision.violations
    ]
    return {**decision.line(microseconds=0), "violations": violations}
