"""A copy of the checkout in which mutants are tested."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from tests.paths import PACKAGE, ROOT, TESTS

# A mutant that runs this many times longer than the tests of the unchanged module loops, and a test has noticed.
_PATIENCE = 10
_LEFT_OUT = shutil.ignore_patterns(".git", ".venv", "build", "dist", ".*_cache", ".hypothesis")


class Outcome(Enum):
    KILLED = "killed"
    SURVIVED = "survived"
    DOES_NOT_LOAD = "does not load"


@dataclass(frozen=True, slots=True)
class Trial:
    """A copy of the checkout at `root`."""

    root: Path

    @classmethod
    def copy_to(cls, root: Path) -> "Trial":
        shutil.copytree(ROOT, root, ignore=_LEFT_OUT, dirs_exist_ok=True)
        return cls(root)

    def test(self, module: Path, code: str, seconds: float) -> Outcome:
        """Tests the copy with `code` in place of a module, with the files of tests_of in turn."""
        inside = self.root / module.relative_to(ROOT)
        unchanged = inside.read_text()
        # Python takes compiled code for current when second and size are the same.
        for compiled in inside.parent.glob(f"__pycache__/{inside.stem}.*.pyc"):
            compiled.unlink()
        inside.write_text(code)
        try:
            for tests in tests_of(module):
                outcome = self._run(tests, seconds, keep_compiled=False)
                if outcome is not Outcome.SURVIVED:
                    return outcome
            return Outcome.SURVIVED
        finally:
            inside.write_text(unchanged)

    def time_unchanged(self, modules: Sequence[Path]) -> float:
        """Seconds that the slowest tests of these modules take. Exits when one fails."""
        slowest = 0.0
        for tests in sorted({tests[-1] for tests in map(tests_of, modules)}):
            started = time.monotonic()
            if self._run(tests, 60, keep_compiled=True) is not Outcome.SURVIVED:
                sys.exit(f"{tests} fails without a mutation:\n{self._output().read_text()}")
            slowest = max(slowest, time.monotonic() - started)
        return slowest

    def _output(self) -> Path:
        return self.root / "mutation-output.txt"

    def _run(self, tests: str, seconds: float, *, keep_compiled: bool) -> Outcome:
        options = ["-q", "-x", "-p", "no:cacheprovider", "-p", "tests.mutation.patient", "--hypothesis-profile=patient"]
        command = [sys.executable, "-m", "pytest", *options, tests]
        environment = {**os.environ, "PYTHONPATH": str(self.root / "plugin")}
        if not keep_compiled:
            environment["PYTHONDONTWRITEBYTECODE"] = "1"
        with (
            self._output().open("w") as output,
            subprocess.Popen(
                command,
                cwd=self.root,
                env=environment,
                start_new_session=True,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
            ) as running,
        ):
            try:
                status = running.wait(max(30, _PATIENCE * seconds))
            except subprocess.TimeoutExpired:
                return Outcome.KILLED
            finally:
                if running.poll() is None:
                    os.killpg(running.pid, signal.SIGKILL)
        return {0: Outcome.SURVIVED, 1: Outcome.KILLED}.get(status, Outcome.DOES_NOT_LOAD)


def tests_of(module: Path) -> list[str]:
    """What must notice a mutant: the module's own test file, then the tests of its folder."""
    inside = module.relative_to(PACKAGE)
    folder = TESTS / inside.parent
    return [str(path.relative_to(ROOT)) for path in (folder / f"test_{inside.name}", folder) if path.exists()]


def modules_of(names: Sequence[str]) -> Iterator[Path]:
    """Modules of folders or files of the package, by their path inside it (`host`, `reading/uri.py`)."""
    for name in names:
        path = PACKAGE / name
        found = sorted(path.rglob("*.py")) if path.is_dir() else [path]
        yield from (module for module in found if module.read_text())
