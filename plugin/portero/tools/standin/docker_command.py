"""Runs a docker or docker-compose command against the stand-in.

It runs in its own process group, with a time limit, and a terminal when it asks for one.
"""

import os
import pty
import signal
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, BinaryIO

from portero.decide.values.dataclass import dataclass

# They lead to other daemons, or make the client expect TLS.
_ELSEWHERE = ("DOCKER_CONTEXT", "DOCKER_TLS", "DOCKER_TLS_VERIFY", "DOCKER_CERT_PATH", "BUILDX_BUILDER")
_END_TIMEOUT_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class Ended:
    """How a client ended. `status` is None when its time was up. `dropped`: standard error, where it is no output."""

    status: int | None
    output: str
    dropped: str = ""


def make_environment(environ: Mapping[str, str], socket: Path) -> dict[str, str]:
    """The environment with the stand-in as the one daemon; the user's DOCKER_CONFIG stays."""
    others = {name: value for name, value in environ.items() if name not in _ELSEWHERE}
    return others | {"DOCKER_HOST": f"unix://{socket}"}


def run(
    command: Sequence[str],
    environ: Mapping[str, str],
    timeout: float,
    *,
    terminal: bool = False,
    errors: bool = True,
    user: tuple[int, int] | None = None,
) -> Ended:
    """Runs the command to its end or to the end of its time; raises OSError when it cannot be started.

    `errors`: whether the output has standard error, too. `user`: user and group IDs to run it as; None: one's own.
    """
    with tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as dropped:
        status = _start(command, environ, timeout, output, output if errors else dropped, terminal, user)
        output.seek(0)
        dropped.seek(0)
        return Ended(status, output.read().decode(errors="replace"), dropped.read().decode(errors="replace"))


def _start(
    command: Sequence[str],
    environ: Mapping[str, str],
    timeout: float,
    output: BinaryIO,
    errors: BinaryIO,
    terminal: bool,
    user: tuple[int, int] | None,
) -> int | None:
    account: dict[str, Any] = {"user": user[0], "group": user[1], "extra_groups": ()} if user else {}
    parent_end, child_end = pty.openpty() if terminal else (None, None)
    try:
        process: subprocess.Popen[bytes] = subprocess.Popen(  # noqa: S603 - running what the user typed is the purpose
            command, env=environ, stdin=child_end, stdout=output, stderr=errors, start_new_session=True, **account
        )
        try:
            return process.wait(timeout)
        except subprocess.TimeoutExpired:
            return None
        finally:
            _end(process)
    finally:
        for end in (parent_end, child_end):
            if end is not None:
                os.close(end)


def _end(process: "subprocess.Popen[bytes]") -> None:
    for number in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(process.pid, number)
            process.wait(_END_TIMEOUT_SECONDS)
        except subprocess.TimeoutExpired:
            continue
        except ProcessLookupError:
            return
