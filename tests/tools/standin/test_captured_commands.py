"""What real clients ask the stand-in is what they asked a real dockerd, and is decided alike."""

import shutil
from collections import Counter
from itertools import groupby
from pathlib import Path

import pytest

from portero.tools.standin import docker_command, socket_server
from portero.tools.standin.answers import TrySession
from portero.tools.standin.messages import Answer, ClientRequest
from tests.tools.compose.test_requests import needs_compose

from .captured import TERMINAL, Case, Requests, cases, request
from .conftest import Typist

CASES = cases()
# Those that must agree. The others need what earlier cases left behind, a registry, buildx, or a daemon's refusal.
AGREEING = (Path(__file__).parent / "agreeing.txt").read_text().split()
ALONE = [name for name in AGREEING if name.startswith("cli/")]
# The cases of one project build on each other, so all of them are typed, also those that need not agree.
PROJECTS = {
    project: [CASES[name] for name in names]
    for project, names in groupby(
        (name for name in CASES if name.startswith("compose/")), key=lambda name: name.partition("-")[0]
    )
}

needs_docker = pytest.mark.skipif(shutil.which("docker") is None, reason="needs the docker command")


def typed(typist: Typist, trial: TrySession, case: Case) -> tuple[Requests, frozenset[str]]:
    """The requests and the refusing rules of one command."""
    trial.decisions.clear()
    line = ["bash", "-c", f"cd {typist.work} && {typist.line(case.command)}"]
    asked: Requests = Counter()

    def answer(sent: ClientRequest) -> Answer:
        asked[request(sent.method, sent.target)] += 1
        return trial.daemon.answer(sent)

    with socket_server.serve(answer) as socket:
        environ = docker_command.make_environment(typist.environ, socket)
        docker_command.run(line, environ, 20, terminal=bool(TERMINAL.search(case.command)))
    violations = (violation for judged in trial.decisions for violation in judged.violations)
    return asked, frozenset(violation.rule for violation in violations if violation.action == "deny")


@needs_docker
@pytest.mark.parametrize("name", ALONE)
def test_a_command_asks_the_stand_in_what_it_asked_dockerd(typist: Typist, name: str) -> None:
    case = CASES[name]

    asked, rules = typed(typist, TrySession(typist.judge, go_on=True), case)

    assert asked == case.requests
    assert rules == case.rules


@needs_compose
@pytest.mark.parametrize("project", PROJECTS)
def test_a_compose_project_goes_through_its_requests(typist: Typist, project: str) -> None:
    trial = TrySession(typist.judge, go_on=True)

    for case in PROJECTS[project]:
        asked, rules = typed(typist, trial, case)

        # How often compose looks whether something is healthy by now depends on the time, so each counts once.
        assert case.name not in AGREEING or (set(asked), rules) == (set(case.requests), case.rules), case.name


def test_nine_of_ten_captured_commands_agree() -> None:
    able = [name for name, case in CASES.items() if "docker" in case.command and "/tls/" not in name]

    assert set(AGREEING) <= set(able)
    assert len(AGREEING) >= 0.89 * len(able)
