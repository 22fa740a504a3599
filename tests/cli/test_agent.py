"""`portero agent`."""

from click.testing import CliRunner

from portero.cli import main


def test_without_a_bundle_it_has_nothing_to_do() -> None:
    result = CliRunner().invoke(main, ["agent"])

    assert (result.exit_code, result.output) == (0, "PORTERO_BUNDLE is empty: there is nothing to do\n")
