"""Which paths of a tree a walk looks at."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest


@contextmanager
def recorded_looks(root: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """The paths below `root` that os.lstat is called with in the block, in order."""
    seen, lstat = list[str](), os.lstat

    def recorded(path: str) -> os.stat_result:
        seen.append(path.removeprefix(str(root)))
        return lstat(path)

    with monkeypatch.context() as patch:
        patch.setattr(os, "lstat", recorded)
        yield seen
