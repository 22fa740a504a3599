"""The corpora, and a few commands of people, on engines that people run; docs/engines.json has the numbers.

Every run shows that nothing is wrong on the newest (test_corpus.py: on this machine's own). `make matrix` plays them on
all, and writes the numbers anew.
"""

import json
import os
from collections import Counter
from pathlib import Path

import pytest

from tests.paths import ROOT

from .conftest import started
from .corpus import Case, load
from .corpus_faults import engine_version, find_fault, known_differences
from .engine import FOLDERS, NEW
from .guarded import GuardedDocker
from .refusals import REFUSED
from .replay import Player, Verdict

pytestmark = pytest.mark.e2e

CORPORA = ("bypass", "more")
NUMBERS = ROOT / "docs" / "engines.json"
WRITE = bool(os.environ.get("PORTERO_WRITE_ENGINES"))
# By the command line of the same engine.
COMMANDS = json.loads(Path(__file__).with_name("work.json").read_text())["engines"]
PLAYED = {"this machine's": None, **FOLDERS} if WRITE else {"newest": NEW}


@pytest.mark.parametrize("engine", PLAYED.values(), ids=PLAYED)
def test_no_case_of_the_corpora_is_answered_wrongly_and_people_can_work(engine: Path | None) -> None:
    with started(GuardedDocker(swarm=True, engine=engine)) as docker:
        version = engine_version(docker)
        with Player(docker) as player:
            faults, counted = _play(player, version)
        assert faults == {}
        _work(docker)
    _compare(version, counted)


def _play(player: Player, version: str) -> tuple[dict[str, str], dict[str, dict[str, int]]]:
    """The faults by case, and the numbers of each corpus."""
    differences = known_differences(version)
    faults: dict[str, str] = {}
    counted: dict[str, dict[str, int]] = {}
    for corpus in CORPORA:
        numbers: Counter[str] = Counter(attacks=0, wrong=0, byDockerd=0, twins=0, falseAlarms=0)
        for case in load(f"{corpus}.jsonl"):
            outcome = player.play(case)
            fault = find_fault(case, outcome, differences)
            faults |= {case.id: fault} if fault else {}
            numbers.update(_count(case, fault, by_dockerd=outcome.verdict is Verdict.REFUSED))
        counted[corpus] = dict(numbers)
    return faults, counted


def _count(case: Case, fault: str, *, by_dockerd: bool) -> dict[str, int]:
    wrong = int(fault != "")
    if case.expect == "allow":
        return {"twins": 1, "falseAlarms": wrong}
    return {"attacks": 1, "wrong": wrong, "byDockerd": int(by_dockerd)}


def _work(docker: GuardedDocker) -> None:
    before = docker.log_size()
    for command, expected in COMMANDS:
        done = docker.shell(command)
        assert done.returncode == 0, f"{command}: {done.stderr}"
        assert expected in done.stdout, f"{command}: {done.stdout}"
    assert all(decision["allowed"] for decision in docker.decisions(before))
    assert REFUSED in docker.shell("docker run --rm --privileged busybox true").stderr


def _compare(version: str, counted: dict[str, dict[str, int]]) -> None:
    written = json.loads(NUMBERS.read_text())
    if WRITE:
        NUMBERS.write_text(json.dumps(dict(sorted({**written, version: counted}.items())), indent=2) + "\n")
    else:
        assert version in written, "make matrix"
