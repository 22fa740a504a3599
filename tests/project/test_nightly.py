"""What .ci/run leaves to the nightly run: only what cannot have changed."""

import os
import subprocess
from pathlib import Path

import pytest

from tests import nightly
from tests.paths import ROOT

AS = {"GIT_AUTHOR_NAME": "a", "GIT_AUTHOR_EMAIL": "a@b", "GIT_COMMITTER_NAME": "a", "GIT_COMMITTER_EMAIL": "a@b"}


def git(folder: Path, *words: object) -> None:
    subprocess.run(["git", *map(str, words)], cwd=folder, check=True, env=os.environ | AS, capture_output=True)


def commit(folder: Path, name: str) -> None:
    (folder / name).write_text(name)
    git(folder, "add", name)
    git(folder, "commit", "--message", name)


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """A clone of a main with three commits, one file in each."""
    git(tmp_path, "init", "--initial-branch", "main", "origin")
    for name in ("first", "second", "third"):
        commit(tmp_path / "origin", name)
    git(tmp_path, "clone", "origin", "clone")
    return tmp_path / "clone"


def test_of_main_the_last_commit_counts(clone: Path) -> None:
    assert nightly.find_changed(clone) == {"third"}


def test_of_a_branch_all_its_commits_count_and_what_is_not_committed(clone: Path) -> None:
    git(clone, "switch", "--create", "branch")
    commit(clone, "fourth")
    commit(clone, "fifth")
    (clone / "first").write_text("changed")
    (clone / "new").touch()

    assert nightly.find_changed(clone) == {"first", "fourth", "fifth", "new"}


def test_a_base_can_be_named(clone: Path) -> None:
    assert nightly.find_changed(clone, "HEAD~2") == {"second", "third"}


def test_what_has_changed_is_unknown_in_a_shallow_clone_without_origin_and_by_a_base_that_is_not_there(
    clone: Path, tmp_path: Path
) -> None:
    git(tmp_path, "clone", "--depth", "1", f"file://{tmp_path}/origin", "shallow")

    assert nightly.find_changed(tmp_path / "shallow") is None
    assert nightly.find_changed(tmp_path / "origin") is None
    assert nightly.find_changed(clone, "f" * 40) is None
    assert nightly.find_changed(tmp_path) is None


def test_nothing_is_left_out_where_it_is_unknown_what_has_changed() -> None:
    assert nightly.choose_left_out(None) == []


@pytest.mark.parametrize("test", nightly.LONG)
def test_a_long_test_runs_with_a_change_of_its_code_and_is_left_out_without(test: str) -> None:
    assert test in nightly.choose_left_out(["README.md", "plugin/portero/decide/decision.py"])
    for code in nightly.LONG[test]:
        assert test not in nightly.choose_left_out(["README.md", f"{code}new" if code.endswith("/") else code])
    assert test not in nightly.choose_left_out([test])


@pytest.mark.parametrize("test", nightly.LONG)
def test_what_is_named_is_there(test: str) -> None:
    named = {*nightly.LONG[test], test} - {nightly.PYTHONS, nightly.NEWEST}

    assert [path for path in named if not (ROOT / path).exists()] == []


def test_the_shell_of_ci_gets_what_is_left_out_and_a_smoke_of_sequences() -> None:
    left_out = ["tests/fleet", nightly.SEQUENCES, nightly.PYTHONS]
    shown = 'echo "$PYTEST_ADDOPTS|$SEQUENCES|$goals"'

    assert run_shell(nightly.write_shell(left_out) + shown) == "--ignore=tests/fleet|3|site"
    assert run_shell(nightly.write_shell([]) + shown) == "|30|pythons site"


def test_the_newest_engine_is_left_to_the_nightly_run_and_each_of_its_tests_is_named() -> None:
    shown = 'echo "$NEWEST_ENGINE|$PYTEST_ADDOPTS"'
    marked = {
        path
        for path in (ROOT / "tests/e2e").glob("test_*.py")
        if {"BOTH_ENGINES", "OWN_ALONE"} & {*path.read_text().replace(",", " ").split()}
    }

    assert run_shell(nightly.write_shell([nightly.NEWEST]) + shown) == "no|"
    assert run_shell(nightly.write_shell([]) + shown) == "yes|"
    assert marked == {ROOT / name for name in nightly.ON_BOTH}


def test_the_nightly_run_is_all_long_tests_and_the_other_pythons(capsys: pytest.CaptureFixture[str]) -> None:
    nightly.main(["all"])

    shown = run_shell(capsys.readouterr().out + 'echo "$PYTEST_ADDOPTS|$SEQUENCES|$goals" $tests')
    given, *tests = shown.split()
    assert (given, {*tests}) == ("|30|pythons", {*nightly.LONG, *nightly.ON_BOTH} - {nightly.PYTHONS, nightly.NEWEST})


def run_shell(lines: str) -> str:
    return subprocess.check_output(["sh", "-c", lines], text=True).splitlines()[-1]
