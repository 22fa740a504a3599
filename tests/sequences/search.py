"""Plays many sequences and tells of those that found a way to the host, as shell lines.

usage: python -m tests.sequences.search [--number N] [--seed SEED] [--profile PROFILE]... [--first I]
Profiles: hardened, baseline (both unless named), none (dockerd without a guard). Exit status: 1 when a way is found.
"""

import argparse
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from .generate import sequence
from .play import LIMITS
from .shrink import shrink
from .stage import Stage
from .steps import Step, shell_line

PROFILES = ("hardened", "baseline")


@dataclass(frozen=True, slots=True)
class Found:
    """A sequence that found ways, under `profile`; `steps` are shrunk."""

    profile: str
    number: int
    ways: frozenset[str]
    steps: Sequence[Step]
    answers: Sequence[str]

    def __str__(self) -> str:
        lines = [f"sequence {self.number}, profile {self.profile}: {'; '.join(sorted(self.ways))}"]
        if any(step.kind in ("run", "create") for step in self.steps):
            lines.append(f"  (each container also has: {LIMITS})")
        for step, answer in zip(self.steps, self.answers, strict=True):
            lines.append(f"  {shell_line(step)}\n      # {' '.join(answer.split())[:300]}")
        return "\n".join(lines)


def search(
    stage: Stage, profile: str, seed: int, numbers: range, *, shrinking: bool = True, ignored: tuple[str, ...] = ()
) -> Iterator[Found]:
    """Play the sequences `numbers` of a seed under a profile. A way is reported the first time only.

    Ways that begin with one of `ignored` do not count.
    """
    known: set[str] = set()
    stage.guard(profile)
    for number in numbers:
        # Under baseline people with an account on the host are trusted (SECURITY.md).
        steps = sequence(seed, number, device=stage.canaries.device, host_users=profile != "baseline")
        played = stage.play(steps)
        ways = frozenset(way for way in played.ways - known if not way.startswith(ignored))
        if not ways:
            continue
        known |= ways
        if shrinking:
            steps = shrink(steps, lambda fewer: bool(stage.play(fewer).ways & ways))  # noqa: B023  called at once
            played = stage.play(steps)
        yield Found(profile, number, (played.ways & ways) or ways, steps, played.answers)


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--number", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--profile", action="append", choices=(*PROFILES, "none"))
    parser.add_argument("--no-shrink", action="store_true")
    options = parser.parse_args(arguments)
    found: list[Found] = []
    with Stage() as stage:
        for profile in options.profile or PROFILES:
            began = time.monotonic()
            numbers = range(options.first, options.first + options.number)
            for one in search(stage, profile, options.seed, numbers, shrinking=not options.no_shrink):
                print(one, flush=True)
                found.append(one)
            print(f"{profile}: {options.number} sequences in {time.monotonic() - began:.1f} s", flush=True)
    print(Counter(way for one in found for way in one.ways) or "no way found")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
