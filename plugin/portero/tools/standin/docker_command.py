"""Runs a docker or docker-compose command against the stand-in.

It runs in its own process group, with a time limit, and a terminal when it asks for one.
"""

import os
import pty
import signal
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

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
    account: dict[str, Any] = {"user": user[0], "group": user[1], "extra_groups": ()} if user else {}
    with tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as dropped, ExitStack() as stack:
        ends = pty.openpty() if terminal else ()
        for end in ends:
            stack.callback(os.close, end)
        words: dict[str, Any] = {"stdin": ends[1] if ends else None, "stdout": output, "env": environ, **account}
        process: subprocess.Popen[bytes] = subprocess.Popen(  # noqa: S603 - running what the user typed is the purpose
            command, stderr=output if errors else dropped, start_new_session=True, **words
        )
        try:
            status = process.wait(timeout)
        except subprocess.TimeoutExpired:
            status = None
        finally:
            _end(process)
        output.seek(0)
        dropped.seek(0)
        return Ended(status, output.read().decode(errors="replace"), dropped.read().decode(errors="replace"))


def _end(process: "subprocess.Popen[bytes]") -> None:
    for number in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(process.pid, number)
            process.wait(_END_TIMEOUT_SECONDS)
        except subprocess.TimeoutExpired:
            continue
        except ProcessLookupError:
            return
