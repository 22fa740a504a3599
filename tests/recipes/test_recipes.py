"""Each recipe is true: its first command is refused by the rules that it names, its last is allowed by its files.

Typed with the real client at the stand-in, on a host of plain data.
"""

import os
import re
import shlex
import shutil
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

from portero.decide.decision import Decision
from portero.decide.judging.judge import Judge
from portero.observe.host.fixed_host import FixedHost
from portero.tools.standin import docker_command, socket_server
from portero.tools.standin.answers import TrySession
from portero.tools.standin.messages import Answer, ClientRequest, make_envelope
from tests.judges import make_judge
from tests.paths import SCHEMAS

PAGE = SCHEMAS.parent / "docs" / "recipes.md"
# The sections of the page, each a recipe.
SECTIONS = dict(section.split("\n", 1) for section in PAGE.read_text().split("\n## ")[1:])
_COMMANDS = re.compile(r"^```sh\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_FILES = re.compile(r"^`([a-z./-]+)`:\n\n```json\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_REFUSED = re.compile(r"^Denied under `([a-z]+)` by ([^.]*)\.$", re.MULTILINE)
_SECONDS = 60.0

pytestmark = pytest.mark.skipif(shutil.which("docker") is None, reason="needs the docker client")


@dataclass(frozen=True)
class Recipe:
    refused: str
    allowed: str
    profile: str
    rules: set[str]
    files: dict[str, str]


def read(text: str) -> Recipe:
    refused, allowed = _COMMANDS.findall(text)
    ((profile, rules),) = _REFUSED.findall(text)
    return Recipe(refused, allowed, profile, {*re.findall(r"`([a-z-]+)`", rules)}, dict(_FILES.findall(text)))


@cache
def judge_of_profile(profile: str, site: Path | None = None) -> Judge:
    return make_judge(FixedHost(), profile=profile, **({"schemas": str(site)} if site else {}))


def ask(command: str, judge: Judge) -> tuple[list[ClientRequest], list[Decision]]:
    """Everything that the command asks, and the decisions on it."""
    trial, asked = TrySession(judge, go_on=True), list[ClientRequest]()

    def answer(sent: ClientRequest) -> Answer:
        asked.append(sent)
        return trial.daemon.answer(sent)

    with socket_server.serve(answer) as socket:
        words = shlex.split(command.replace("\\\n", ""))
        docker_command.run(words, docker_command.make_environment(os.environ, socket), _SECONDS)
    return asked, trial.decisions


def refusing(decisions: Sequence[Decision]) -> set[str]:
    assert "ContainerCreate" in {decision.subject.operation for decision in decisions}
    return {each.rule for decision in decisions for each in decision.denials}


@pytest.mark.parametrize("title", SECTIONS)
def test_a_recipe_is_true(title: str, tmp_path: Path) -> None:
    recipe = read(SECTIONS[title])
    for name, content in recipe.files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(content)

    built_in, mine = judge_of_profile(recipe.profile), judge_of_profile(recipe.profile, tmp_path)
    _, refused = ask(recipe.refused, built_in)
    asked, allowed = ask(recipe.allowed, mine)
    without_files = [built_in.decide(make_envelope(sent), "test", time.time()) for sent in asked]

    assert refusing(refused) == recipe.rules
    assert refusing(allowed) == set()
    assert refusing(without_files), "the files of the recipe change nothing"
