"""Runs programs of this system whose output says something about it."""

import subprocess
from collections.abc import Callable, Sequence
from typing import TypeAlias

Ask: TypeAlias = Callable[[Sequence[str]], str]

# Seconds.
_LONGEST_WAIT = 30


def run_command(command: Sequence[str]) -> str:
    """What the program prints; raises OSError when it fails or takes too long."""
    environment = {"LC_ALL": "C", "PATH": "/usr/bin:/bin"}
    try:
        done = subprocess.run(  # noqa: S603 - fixed words
            command, capture_output=True, text=True, check=True, timeout=_LONGEST_WAIT, env=environment
        )
    except subprocess.SubprocessError as error:
        raise OSError(f"{command[0]} failed") from error
    return done.stdout
