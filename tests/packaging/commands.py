"""Runs programs of the machine for tests of packaging."""

import subprocess
from collections.abc import Mapping
from pathlib import Path


def run(
    *words: str | Path, cwd: Path | None = None, env: Mapping[str, str] | None = None, timeout: float = 900
) -> "subprocess.CompletedProcess[str]":
    """Run a program to its end and give what it said; how it ended is for the caller to judge."""
    return subprocess.run(words, cwd=cwd, env=env, capture_output=True, text=True, timeout=timeout, check=False)
