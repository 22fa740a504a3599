"""The list of commands, and what stands for none of them."""

import errno
import os
import subprocess
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import click
import pytest

from portero import __version__
from portero.tools.cli import main
from tests.failing import fail_with
from tests.tools.cli.running import fault_of, portero


def fail_by_break() -> str:
    raise KeyboardInterrupt


def test_the_version_is_printed() -> None:
    assert portero("--version").output == f"portero {__version__}\n"


def test_a_misspelt_command_is_refused_with_the_one_that_was_meant() -> None:
    assert "No such command 'serv': did you mean 'serve'?" in fault_of(portero("serv"))


def test_a_command_that_is_broken_off_ends_with_two_and_refuses_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "getcwd", fail_by_break)

    assert fault_of(portero("check")).endswith("Error: ended before it was done\n")


def test_the_list_of_commands_says_of_each_how_its_own_help_begins() -> None:
    assert isinstance(main, click.Group)
    context = click.Context(main)
    lines = portero("--help").output.partition("Try:\n")[2].splitlines()
    listed = dict(line.strip().split(maxsplit=1) for line in lines if line.startswith("  "))

    assert list(listed) == main.list_commands(context)
    for name, summary in listed.items():
        command = main.get_command(context, name)
        assert command is not None
        assert " ".join((command.help or "").split()).startswith(summary.rstrip(".")), name


@pytest.mark.parametrize("group", ["init", "token", "certs", "door", "bundle", "images", "devices"])
def test_no_line_of_a_list_of_commands_is_cut_short(group: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    listed = portero(group, "--help").output.partition("Commands:\n")[2].partition("\n\n")[0]

    assert [line for line in listed.splitlines() if line.endswith("...")] == []


def test_the_list_of_commands_needs_none_of_them() -> None:
    code = (
        "import sys; from portero.tools.cli import main; main(['--help'], standalone_mode=False); print(*sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    loaded = {name for name in done.stdout.splitlines()[-1].split() if name.startswith("portero")}
    needed = "tools.cli.commands tools.terminal.output decide.values.spelling serve.application.operational_log"
    folders = "decide decide.values serve serve.application tools tools.cli tools.terminal"
    assert loaded == {"portero", *(f"portero.{name}" for name in f"{needed} {folders}".split())}


def test_a_file_that_the_system_refuses_is_named_and_nothing_counts_as_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "getcwd", partial(fail_with(errno.EACCES), tmp_path))

    assert fault_of(portero("check")).endswith(f"Error: {tmp_path}: Permission denied\n")


def test_the_commands_stand_in_groups() -> None:
    titles = [line for line in portero("--help").output.splitlines() if line.endswith(":") and line != "Options:"]

    assert titles == ["Try:", "Policy:", "Callers:", "Fleet:", "Service:"]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("rules", "explain"),
        ("sign --help", "bundle sign --help"),
        ("verify --help", "bundle verify --help"),
        ("schemas --help", "init schemas --help"),
        ("new rule --help", "init rule --help"),
    ],
)
def test_an_old_name_runs_as_before_and_names_the_new_one(old: str, new: str) -> None:
    before, now = portero(*old.split()), portero(*new.split())

    assert (before.exit_code, before.stdout) == (now.exit_code, now.stdout)
    shown = new.removesuffix(" --help").removesuffix(" rule")
    assert f"portero: `portero {old.split()[0]}` is now `portero {shown}`\n" in before.stderr
    assert "is now" not in now.stderr
    assert "portero: `portero record` is now `portero serve --record`\n" in portero("record", "--help").stderr


def test_init_with_a_folder_writes_a_site(tmp_path: Path) -> None:
    written = portero("init", tmp_path / "site", "--yes")

    assert (written.exit_code, "portero: `portero init` is now `portero init site`\n" in written.stderr) == (0, True)
    assert portero("init", "site", "--yes", tmp_path / "other").exit_code == 0
    assert (tmp_path / "site/policy/site.json").read_text() == (tmp_path / "other/policy/site.json").read_text()


def test_version_and_completion_are_commands_too() -> None:
    assert portero("version").output == portero("--version").output
    assert "_PORTERO_COMPLETE=bash_complete" in portero("completion", "bash").output
    assert [portero("completion", shell).exit_code for shell in ("zsh", "fish", "tcsh")] == [0, 0, 2]


def list_commands(group: click.Command, *path: str) -> Iterator[tuple[str, click.Command]]:
    """Those that people type, with their names."""
    if not isinstance(group, click.Group):
        return
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        if not command.hidden:
            yield " ".join((*path, name)), command
            yield from list_commands(command, *path, name)


def test_each_command_has_examples_of_its_own_options() -> None:
    for name, command in list_commands(main):
        _, *examples = (command.epilog or "").removeprefix("\b\n").splitlines()
        assert examples, name
        assert all(f"portero {name}" in line for line in examples), name
        inner = {flag for _, below in list_commands(command) for option in below.params for flag in option.opts}
        known = inner | {flag for option in command.params for flag in option.opts}
        words = {word for line in examples for word in line.partition(" -- ")[0].split()}
        assert {word for word in words if word.startswith("--")} <= known, name
        assert portero(*name.split(), "--help").output.endswith("Examples:\n  " + "\n  ".join(examples) + "\n"), name
