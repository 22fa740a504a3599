"""Where a daemon of a few lines listens, and a host made of files."""

from pathlib import Path

import pytest

from tests.tools.hostcheck.conftest import host

__all__ = ["address", "host"]


@pytest.fixture
def address(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Below the working folder: the address of a Unix socket is short, and pytest's folders are not."""
    monkeypatch.chdir(tmp_path)
    return "d.sock"
