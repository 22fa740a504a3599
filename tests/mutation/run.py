"""Changes the code that decides in many small ways, and reports each change that no test notices.

usage: python -m tests.mutation.run [--modules "reading host facts"] [--number N] [--seed SEED]
Modules: folders or files of the package. Exit status: 1 when less than 97 % of the mutants are killed.
"""

import argparse
import os
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from tests.mutation.equivalent import read_list
from tests.mutation.mutants import changed_lines, sample
from tests.mutation.trial import Outcome, Trial

_LEAST = 97.0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--modules", default="reading host facts")
    parser.add_argument("--number", type=int, default=300)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    os.nice(19)
    known = {(entry.module, entry.line, entry.mutant) for entry in read_list()}
    counted: Counter[str] = Counter()
    started = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="portero-mutate-") as folder:
        trial = Trial.copy_to(Path(folder))
        modules = trial.read_modules(asked.modules.split())
        seconds = trial.time_unchanged(modules)
        for number, mutant in enumerate(sample(modules, asked.number, asked.seed), start=1):
            if sys.stderr.isatty():
                print(f"{number} of {asked.number}", end="\r", file=sys.stderr)
            code = mutant.code()
            before, after = changed_lines(mutant.before, code)
            if (mutant.module, before, after) in known:
                counted["equivalent"] += 1
                continue
            outcome = trial.test(mutant.module, code, seconds)
            counted[outcome.value] += 1
            if outcome is Outcome.SURVIVED:
                print(f"{mutant.module}:{mutant.line} (mutant {number})\n  - {before}\n  + {after}", flush=True)
    killed, survived = counted[Outcome.KILLED.value], counted[Outcome.SURVIVED.value]
    rate = 100 * killed / (killed + survived) if killed else 0.0
    print(
        f"killed {rate:.1f} % of {killed + survived} mutants (seed {asked.seed}): {killed} killed, {survived} survived;"
    )
    print(f"left out: {counted['equivalent']} equivalent, {counted[Outcome.DOES_NOT_LOAD.value]} that do not load;")
    print(f"{time.monotonic() - started:.0f} s")
    return 0 if rate >= _LEAST else 1


if __name__ == "__main__":
    sys.exit(main())
