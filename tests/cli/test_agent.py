"""`portero agent`."""

from click.testing import CliRunner

from portero.cli import main


def test_without_work_it_has_nothing_to_do() -> None:
    result = CliRunner().invoke(main, ["agent"])

    assert (result.exit_code, result.output) == (
        0,
        "PORTERO_BUNDLE, PORTERO_FORWARD and PORTERO_TRACES are empty: there is nothing to do\n",
    )
