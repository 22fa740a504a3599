"""The recorded daemon of tests/scan, for `portero scan`; commands that judge, as on a host where no Portero runs."""

import pytest

from portero.cli import options
from tests.scan.conftest import daemon

__all__ = ["daemon"]


@pytest.fixture(autouse=True)
def say_no_source(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> None:
    """Which policy a command judges by is said in tests of that alone."""
    if request.module.__name__ != "tests.cli.test_policy_source":
        monkeypatch.setattr(options, "say_source", lambda settings: None)
