"""Sends generated targets and bodies to a real dockerd and prints each that it takes otherwise than Portero reads it.

usage: python -m tests.differential.search [--number N] [--seed SEED] [--first I] [--engine DIR]
Exit status: 1 when a difference is found that no adaptation explains.
"""

import argparse
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from portero.decide.values.refusals import Refused
from tests import shrinking

from .adaptations import explain
from .cases import Case, make_case
from .difference import Difference
from .facts import compare_facts
from .play import Played, play
from .read import read_document
from .seen import Seen
from .stage import Stage
from .stored import compare_stored
from .targets import compare_targets
from .written import Document, smaller

Read = Callable[[bytes], dict[str, Any]]
_TRIES = 200


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a case. `refused`: Portero's code; `executed`: dockerd did it; `spec`: something reached runc."""

    executed: bool
    refused: str = ""
    spec: bool = False
    unexplained: tuple[Difference, ...] = ()


@dataclass(frozen=True, slots=True)
class Found:
    """A case with differences that nothing explains, as small as it could be made."""

    case: Case
    number: int
    differences: Sequence[Difference]

    def __str__(self) -> str:
        lines = "\n".join(f"  {difference}" for difference in self.differences)
        return f"number {self.number}: {self.case}\n{lines}"


def examine(stage: Stage, case: Case, read: Read = read_document) -> Outcome:
    """Send a case and compare."""
    played = play(stage, case)
    if played.stored is None:
        return Outcome(executed=False)
    if played.sent.asked is None:
        unasked = Difference("", None, "executed, and the plugin was not asked")
        return Outcome(executed=True, unexplained=(unasked,))
    try:
        document = read(played.sent.asked)
    except Refused as refused:
        return Outcome(executed=True, refused=refused.code)
    unexplained = tuple(_unexplained(case, document, played, stage.engine))
    return Outcome(True, "", played.spec is not None, unexplained)


def _unexplained(case: Case, document: dict[str, Any], played: Played, engine: str) -> Iterator[Difference]:
    differences = (*compare_stored(case.operation, document, played), *compare_facts(case.operation, document, played))
    for difference in differences:
        assert played.stored is not None
        seen = Seen(difference, case.operation, document, played.stored, played.before, engine)
        if explain(seen) is None:
            yield difference


def shrink(
    stage: Stage, case: Case, read: Read = read_document, tries: int = _TRIES
) -> tuple[Case, Sequence[Difference]]:
    """The case without every part that it does not need to differ at one of the same positions."""
    at = {difference.at for difference in examine(stage, case, read).unexplained}

    def differs(document: Document) -> bool:
        found = examine(stage, replace(case, document=document), read).unexplained
        return not at.isdisjoint(difference.at for difference in found)

    small = replace(case, document=shrinking.shrink(case.document, smaller, differs, tries))
    return small, examine(stage, small, read).unexplained


def search(stage: Stage, seed: int, numbers: range, counts: Counter[str], *, shrinking: bool = True) -> Iterator[Found]:
    """Examine the cases `numbers` of a seed. `counts` counts what happened; a position is given the first time only."""
    known: set[tuple[str, str]] = set()
    for number in numbers:
        case = make_case(seed, number)
        outcome = examine(stage, case)
        counts["sent"] += 1
        counts["executed"] += outcome.executed
        counts["compared"] += outcome.executed and not outcome.refused
        counts["compared with the OCI spec"] += outcome.spec
        if outcome.refused:
            counts[f"executed, refused by Portero: {outcome.refused}"] += 1
        new = {(case.operation, difference.at) for difference in outcome.unexplained} - known
        if outcome.unexplained:
            counts["unexplained"] += 1
        if new:
            known |= new
            small, differences = shrink(stage, case) if shrinking else (case, outcome.unexplained)
            yield Found(small, number, differences or outcome.unexplained)


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--number", type=int, default=500)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--engine", type=Path)
    parser.add_argument("--no-shrink", action="store_true")
    options = parser.parse_args(arguments)
    counts: Counter[str] = Counter()
    targets: Counter[str] = Counter()
    began = time.monotonic()
    with Stage(options.engine) as stage:
        numbers = range(options.first, options.first + options.number)
        for mistaken in compare_targets(stage, options.seed, numbers, targets):
            print(mistaken, flush=True)
            counts["unexplained"] += 1
        for found in search(stage, options.seed, numbers, counts, shrinking=not options.no_shrink):
            print(found, flush=True)
        print(f"dockerd {stage.version}, seed {options.seed}, {time.monotonic() - began:.0f} s", flush=True)
    for what, count in (*sorted(counts.items()), *((f"targets {what}", n) for what, n in sorted(targets.items()))):
        print(f"{count:7} {what}")
    return 1 if counts["unexplained"] else 0


if __name__ == "__main__":
    sys.exit(main())
