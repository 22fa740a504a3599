"""Which tests .ci/run leaves to the nightly run: the long ones below, but for those whose code has changed.

`python3 -m tests.nightly` prints lines of shell for .ci/run: options of pytest, variables, what make does beside tests;
with `all` those of the nightly run. It needs nothing but git.
"""

import os
import subprocess
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PYTHONS, SEQUENCES, NEWEST = "make pythons", "tests/sequences", "the newest engine"
# Tests on the machine's own engine and on the newest one: each run has the first half, the nightly run has both.
ON_BOTH = tuple(
    f"tests/e2e/test_{name}.py"
    for name in (
        *("api_versions", "clients", "corpus", "doors", "existing_corpus", "existing_objects", "harmless_twins"),
        *("owned_volumes", "owner_programs", "signed_images", "ways_to_the_host", "world"),
    )
)
_PACKAGING = ("packaging/", "tests/packaging/", "pyproject.toml", "requirements/", "Makefile")
# Long tests, and what they prove beside themselves: a folder, or a file. Of tests/sequences a smoke always runs.
LONG: Mapping[str, tuple[str, ...]] = {
    "tests/fleet": (
        *("packaging/", "plugin/portero/door/", "plugin/portero/serve/server/", "plugin/portero/observe/process/"),
        *("plugin/portero/tools/registries/", "tests/packaging/package.py"),
        # Their commands are typed as they stand there; so are those of all pages of Start and Operate, each night.
        *("docs/quickstart.md", "docs/install.md", "docs/when-docker-hangs.md", "docs/policy-folders.md"),
    ),
    "tests/chaos": tuple(f"plugin/portero/serve/{room}/" for room in ("server", "application", "decision_log")),
    "tests/world": ("plugin/portero/tools/compose/", "schemas/rules/"),
    "tests/e2e/test_world.py": ("plugin/portero/tools/compose/", "schemas/rules/", "tests/world/"),
    "tests/e2e/test_engines.py": ("plugin/portero/decide/engine/", "tests/e2e/engine.sh", "docs/engines.json"),
    NEWEST: (
        *(f"plugin/portero/decide/{room}/" for room in ("engine", "objects", "reading")),
        *("plugin/portero/door/", "plugin/portero/observe/dockerd/", "plugin/portero/observe/lookups/"),
        *("tests/e2e/engine.sh", *ON_BOTH),
    ),
    "tests/e2e/test_harness.py": tuple(f"tests/e2e/{name}" for name in ("host.py", "throwaway.sh", "dockerd.py")),
    "tests/e2e/test_ci_image.py": ("examples/ci/", "requirements/", "pyproject.toml", "tests/e2e/debian_base.py"),
    "tests/e2e/test_managed_plugin.py": _PACKAGING,
    "tests/e2e/test_package.py": _PACKAGING,
    "tests/packaging/test_install.py": _PACKAGING,
    "tests/packaging/test_release.py": _PACKAGING,
    "tests/project/test_bench.py": ("bench/",),
    SEQUENCES: (
        "plugin/portero/decide/objects/",
        *(f"plugin/portero/observe/{room}/" for room in ("lookups", "pending", "writers")),
    ),
    # Syntax and libraries: what an older Python lacks comes with these, or ruff finds it (target-version).
    PYTHONS: ("pyproject.toml", "requirements/", "Makefile"),
}


def find_changed(folder: Path, base: str = "") -> frozenset[str] | None:
    """The files that differ from a commit, committed or not; None where that cannot be known, as in a shallow clone.

    Without a `base`: where this branch left origin/main, and on origin/main itself the commit before.
    """

    def ask(*words: str) -> list[str]:
        return subprocess.check_output(["git", *words], cwd=folder, text=True, stderr=subprocess.DEVNULL).splitlines()

    try:
        if not base:
            (left,), (head,) = ask("merge-base", "HEAD", "origin/main"), ask("rev-parse", "HEAD")
            base = f"{head}^" if left == head else left
        differing = ask("diff", "--name-only", "--no-renames", base)
        return frozenset([*differing, *ask("ls-files", "--others", "--exclude-standard")])
    except (OSError, ValueError, subprocess.CalledProcessError):
        return None


def choose_left_out(changed: Iterable[str] | None) -> list[str]:
    """The long tests that have nothing to do with these files; none where it is not known what has changed."""
    if changed is None:
        return []
    files = tuple(changed)
    return [test for test, code in LONG.items() if not any(file.startswith((test, *code)) for file in files)]


def write_shell(left_out: Iterable[str]) -> str:
    """What .ci/run evaluates."""
    ignored = " ".join(f"--ignore={test}" for test in left_out if test not in (SEQUENCES, PYTHONS, NEWEST))
    small, pythons = SEQUENCES in left_out, "" if PYTHONS in left_out else "pythons "
    # How many sequences of each profile, and operations by four clients at once.
    sizes = f"SEQUENCES={3 if small else 30} PICTURE_OPERATIONS={200 if small else 1000}"
    sizes += f" NEWEST_ENGINE={'no' if NEWEST in left_out else 'yes'}"
    said = f"echo 'left to the nightly run: {', '.join(left_out) or 'nothing'}'"
    return f"export PYTEST_ADDOPTS='{ignored}' {sizes}\ngoals='{pythons}site'\n{said}\n"


def main(words: list[str]) -> None:
    if words == ["all"]:
        sys.stdout.write(f"{write_shell([])}tests='{' '.join({*LONG, *ON_BOTH} - {PYTHONS, NEWEST})}'\ngoals=pythons\n")
    else:
        sys.stdout.write(write_shell(choose_left_out(find_changed(ROOT, os.environ.get("CI_BASE", "")))))


if __name__ == "__main__":
    main(sys.argv[1:])
