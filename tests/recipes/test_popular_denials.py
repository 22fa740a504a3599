"""Denials of commands that people copy fit a screen: on average three entries and 480 characters at most."""

import re
import shutil
from statistics import mean

import pytest

from portero.decide.judging.denial import write_denial
from tests.paths import TESTS

from .test_recipes import ask, judge_of_profile

pytestmark = pytest.mark.skipif(shutil.which("docker") is None, reason="needs the docker client")
COMMANDS = (TESTS / "e2e" / "popular-commands.txt").read_text().splitlines()
_ENTRY = re.compile(r"^  (?!try: |more: |ask: |and )[a-z-]+ {1,}", re.MULTILINE)
MOST_ENTRIES, MOST_LETTERS = 3, 480


def test_denials_of_popular_commands_are_short() -> None:
    decided = [
        ask(command, judge_of_profile("hardened"))[1] for command in COMMANDS if command.startswith("docker run")
    ]
    denied = [next((each for each in decisions if not each.allowed), None) for decisions in decided]
    texts = [write_denial(decision) for decision in denied if decision]

    assert len(texts) > 20
    assert mean(len(_ENTRY.findall(text)) for text in texts) <= MOST_ENTRIES
    assert mean(map(len, texts)) <= MOST_LETTERS
