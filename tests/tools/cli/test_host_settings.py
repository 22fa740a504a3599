"""A command says by which policy it judges, once."""

import click
import pytest

from portero.tools.cli.host_settings import load_host_settings, show_source


def test_a_command_says_once_by_which_policy_it_judges(capsys: pytest.CaptureFixture[str]) -> None:
    settings = load_host_settings({"socket": "/nowhere"})
    with click.Context(click.Command("check")):
        show_source(settings)
        show_source(settings)

    said = capsys.readouterr().err
    assert said == f"portero: {settings.source.describe(settings)}\n"
