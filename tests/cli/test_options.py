"""The options that commands share: what cannot be used ends each with 2, in one sentence or one line a fault."""

import subprocess
import sys
from pathlib import Path

import click
import pytest

from portero import __version__
from portero.cli import main
from tests.cli.running import fault_of, portero


def test_the_version_is_printed() -> None:
    assert portero("--version").output == f"portero {__version__}\n"


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


def test_a_misspelt_command_is_refused_with_the_one_that_was_meant() -> None:
    assert "No such command 'serv': did you mean 'serve'?" in fault_of(portero("serv"))


def test_a_command_that_is_broken_off_ends_with_two_and_refuses_nothing() -> None:
    assert fault_of(portero("init", "no-answers-come")).endswith("Error: ended before it was done\n")


@pytest.mark.parametrize("command", [["rules"], ["explain", "no-privileged"], ["serve", "--check"]])
def test_an_invalid_policy_ends_a_command_with_two_and_one_line_a_fault(command: list[str], tmp_path: Path) -> None:
    (tmp_path / "site.json").write_text('{"acshuns": {}, "runtimes": 7}')

    fault = fault_of(portero(*command, "--schemas", str(tmp_path)))

    assert len(fault.splitlines()) == 2
    assert all(line.startswith(f"portero: {tmp_path / 'site.json'}: ") for line in fault.splitlines())


def test_the_list_of_commands_says_of_each_how_its_own_help_begins() -> None:
    assert isinstance(main, click.Group)
    context = click.Context(main)
    listed = dict(
        line.strip().split(maxsplit=1) for line in portero("--help").output.partition("Commands:\n")[2].splitlines()
    )

    assert list(listed) == main.list_commands(context)
    for name, summary in listed.items():
        command = main.get_command(context, name)
        assert command is not None
        assert " ".join((command.help or "").split()).startswith(summary.rstrip(".")), name


def test_the_list_of_commands_needs_none_of_them() -> None:
    code = "import sys; from portero.cli import main; main(['--help'], standalone_mode=False); print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    loaded = {name for name in done.stdout.splitlines()[-1].split() if name.startswith("portero")}
    assert loaded == {
        *("portero", "portero.cli", "portero.cli.terminal", "portero.values", "portero.values.spelling"),
        *("portero.application", "portero.application.operational_log"),
    }
