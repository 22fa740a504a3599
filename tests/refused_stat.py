"""A path in a folder that only root may enter, for tests that root runs."""

import errno
import os
from pathlib import Path
from typing import Any

import pytest


def refuse_stat(monkeypatch: pytest.MonkeyPatch, place: Path) -> None:
    """Let the kernel refuse to look at this path, and at no other."""
    look = os.stat

    def looked(path: Any, **how: Any) -> os.stat_result:
        if isinstance(path, str | os.PathLike) and os.fspath(path) == str(place):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(place))
        return look(path, **how)

    monkeypatch.setattr(os, "stat", looked)
