"""What make hands to the programs that it starts."""

import os
import subprocess

from tests.paths import ROOT


def test_make_sets_no_variable_that_portero_would_take_for_an_unknown_setting() -> None:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PORTERO_")}

    shown = subprocess.run(
        ["make", "--silent", "--eval", "shown: ; @env", "shown"],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    ).stdout

    assert "PYTHONPATH=plugin" in shown
    assert [line for line in shown.splitlines() if line.startswith("PORTERO_")] == []


def test_make_alone_lists_the_targets_and_does_nothing_else() -> None:
    listed = subprocess.run(["make"], cwd=ROOT, capture_output=True, text=True, check=True).stdout

    assert "make run " in listed
    assert "make test " in listed
    assert "SHELL" not in listed
