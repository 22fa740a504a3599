"""A copy of the checkout in which mutants are tested."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterable, Sequence
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

    def read_modules(self, names: Sequence[str]) -> dict[str, str]:
        """Code by module: of folders or files of the package, by their path inside it (`host`, `reading/uri.py`)."""
        package = self.root / PACKAGE.relative_to(ROOT)
        paths = [path for name in names for path in sorted((package / name).rglob("*.py")) or [package / name]]
        return {str(path.relative_to(package)): path.read_text() for path in paths}

    def test(self, module: str, code: str, seconds: float) -> Outcome:
        """Tests the copy with `code` in place of a module, with the files of tests_of in turn."""
        changed = self.root / PACKAGE.relative_to(ROOT) / module
        unchanged = changed.read_text()
        # Python takes compiled code for current when second and size are the same.
        for compiled in changed.parent.glob(f"__pycache__/{changed.stem}.*.pyc"):
            compiled.unlink()
        changed.write_text(code)
        try:
            for tests in tests_of(module):
                outcome = self._run(tests, seconds, keep_compiled=False)
                if outcome is not Outcome.SURVIVED:
                    return outcome
            return Outcome.SURVIVED
        finally:
            changed.write_text(unchanged)

    def time_unchanged(self, modules: Iterable[str]) -> float:
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


def tests_of(module: str) -> list[str]:
    """What must notice a mutant: the module's own test file, then the tests of its folder."""
    folder, name = (TESTS / module).parent, Path(module).name
    return [str(path.relative_to(ROOT)) for path in (folder / f"test_{name}", folder) if path.exists()]
