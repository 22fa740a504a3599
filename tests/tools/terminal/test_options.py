"""The options that commands share: what cannot be used ends each with 2, in one sentence."""

import pytest

from tests.tools.cli.running import fault_of, portero


@pytest.mark.parametrize(
    ("words", "fault"),
    [
        *(
            ([*command, "--profile", "hardend"], "--profile: write one of baseline, hardened, restricted")
            for command in (["rules"], ["explain", "no-privileged"], ["serve", "--check"])
        ),
        (["serve", "--log", ""], "--log: write the path of a file, - for standard output, or journald"),
    ],
    ids=["rules", "explain", "serve", "an empty option is not taken for a missing one"],
)
def test_a_bad_setting_ends_a_command_with_two_and_one_sentence(words: list[str], fault: str) -> None:
    assert fault_of(portero(*words)) == f"portero: {fault}\n"
