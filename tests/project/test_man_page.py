"""The manual page has every command, and mandoc finds no fault; test_documentation.py looks whether it is fresh."""

import shutil
import subprocess

import click
import pytest

from portero.tools.cli import main
from tests.paths import ROOT

PAGE = ROOT / "packaging" / "files" / "portero.1"


def is_shown(each: click.Parameter) -> bool:
    return isinstance(each, click.Option) and not each.hidden


def test_every_command_and_option_is_on_the_page() -> None:
    text = PAGE.read_text()
    context = click.Context(main)

    for name in main.list_commands(context):
        command = main.get_command(context, name)
        assert command is not None
        options = [flag for each in command.params if is_shown(each) for flag in each.opts]
        assert f".Ss portero {name}\n" in text
        assert not [flag for flag in options if f"Fl {flag.removeprefix('-')}" not in text]


@pytest.mark.skipif(shutil.which("mandoc") is None, reason="needs mandoc")
def test_mandoc_finds_no_fault() -> None:
    found = subprocess.run(
        ["mandoc", "-T", "lint", "-W", "warning", str(PAGE)], capture_output=True, text=True, check=False
    )

    assert [line for line in found.stdout.splitlines() if "outdated mandoc.db" not in line] == []
