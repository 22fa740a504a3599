"""Which paths of a tree a walk looks at, and paths that it cannot look at."""

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


def fail_lstat(monkeypatch: pytest.MonkeyPatch, ending: str, number: int) -> None:
    """Let os.lstat fail for each path with this ending; root, who runs tests in containers, may look at everything."""
    lstat = os.lstat

    def fail(path: str) -> os.stat_result:
        if path.endswith(ending):
            raise OSError(number, os.strerror(number), path)
        return lstat(path)

    monkeypatch.setattr(os, "lstat", fail)
