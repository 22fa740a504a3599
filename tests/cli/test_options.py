"""The options that commands share: what cannot be used ends each with 2, in one sentence or one line a fault."""

from pathlib import Path

import pytest

from tests.cli.running import fault_of, portero


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


@pytest.mark.parametrize("command", [["rules"], ["explain", "no-privileged"], ["serve", "--check"]])
def test_an_invalid_policy_ends_a_command_with_two_and_one_line_a_fault(command: list[str], tmp_path: Path) -> None:
    (tmp_path / "site.json").write_text('{"acshuns": {}, "runtimes": 7}')

    fault = fault_of(portero(*command, "--schemas", str(tmp_path)))

    assert len(fault.splitlines()) == 2
    assert all(line.startswith(f"portero: {tmp_path / 'site.json'}: ") for line in fault.splitlines())
