"""Where a daemon of a few lines listens."""

from pathlib import Path

import pytest


@pytest.fixture
def address(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Below the working folder: the address of a Unix socket is short, and pytest's folders are not."""
    monkeypatch.chdir(tmp_path)
    return "d.sock"
