"""The options that commands share: what cannot be used ends each with 2, in one sentence."""

from pathlib import Path

import pytest

from tests.tools.cli.running import fault_of, portero


@pytest.mark.parametrize(
    ("words", "fault"),
    [
        *(
            ([*command, "--profile", "hardend"], "--profile: write one of baseline, hardened, restricted")
            for command in (["explain"], ["explain", "no-privileged"], ["serve", "--check"])
        ),
        (["serve", "--log", ""], "--log: write the path of a file, - for standard output, or journald"),
    ],
    ids=["list", "explain", "serve", "an empty option is not taken for a missing one"],
)
def test_a_bad_setting_ends_a_command_with_two_and_one_sentence(words: list[str], fault: str) -> None:
    assert fault_of(portero(*words)) == f"portero: {fault}\n"


@pytest.mark.parametrize("words", ["--policy a --schemas b", "--schemas b --policy a"])
def test_both_names_of_the_policy_folder_name_the_same_or_are_refused(words: str, tmp_path: Path) -> None:
    both = portero("explain", "no-privileged", *words.split())
    same = portero("explain", "no-privileged", "--policy", tmp_path, "--schemas", tmp_path)

    assert fault_of(both).endswith("Error: --policy and its older name --schemas differ: give --policy alone\n")
    assert same.exit_code == 2
    assert same.stderr == portero("explain", "no-privileged", "--schemas", tmp_path).stderr
