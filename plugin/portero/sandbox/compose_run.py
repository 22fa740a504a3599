"""One run of Docker Compose in the sandbox: what it sees, its input, its limits of time and memory."""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from portero.sandbox import enter, programs
from portero.standin import client
from portero.standin.client import Ended

SECONDS = 10.0
_LEAST_SECONDS = 0.1
_MEBIBYTE = 1 << 20
# RLIMIT_AS would count address space that Go only reserves, and end every run at its start.
_LIMITS = {
    "RLIMIT_DATA": 300 * _MEBIBYTE,
    "RLIMIT_CPU": int(SECONDS),
    "RLIMIT_FSIZE": 8 * _MEBIBYTE,
    "RLIMIT_NOFILE": 256,
    "RLIMIT_CORE": 0,
}
# What is set here wins over the `.env` file of the project, which Compose takes into its own environment.
_ENVIRONMENT = {
    "HOME": enter.HOME,
    "DOCKER_CONFIG": enter.HOME,
    "PATH": "/nonexistent",
    "TMPDIR": "/tmp",  # noqa: S108 - the sandbox's own
    "LC_ALL": "C.UTF-8",
    "COMPOSE_EXPERIMENTAL_GIT_REMOTE": "false",
    "COMPOSE_EXPERIMENTAL_OCI_REMOTE": "false",
}


class SandboxError(Exception):
    """One sentence: why Compose did not run, or was ended, and what to do."""


@dataclass(frozen=True, slots=True)
class Sandbox:
    """`programs`: the real path of Docker Compose, and its libraries. `shown`: real paths that it may read.

    `folder`: where it runs, which shows nothing of itself. `variables`: what it gets of our environment. `deadline`:
    the monotonic time in seconds by which all runs together have to be over.
    """

    programs: tuple[str, ...]
    shown: tuple[str, ...]
    folder: str
    variables: Mapping[str, str]
    deadline: float

    def run(self, words: Sequence[str], socket: Path, *, errors: bool = True, terminal: bool = False) -> Ended:
        """Runs Compose with these words and the daemon's socket; raises SandboxError.

        `errors`: whether the output has standard error, too.
        """
        with tempfile.TemporaryDirectory(prefix="portero-") as root:
            view: enter.SandboxView = {
                "root": root,
                "shown": [*self.shown, str(socket.parent)],
                "programs": [*self.programs],
                "folder": self.folder,
                "limits": _LIMITS,
                "command": [self.programs[0], *words],
                "environment": {**self.variables, **_ENVIRONMENT, "DOCKER_HOST": f"unix://{socket}"},
            }
            command = [sys.executable, "-I", enter.__file__, json.dumps(view)]
            left = max(self.deadline - time.monotonic(), _LEAST_SECONDS)
            return _checked(client.run(command, {}, left, terminal=terminal, errors=errors))


@dataclass(frozen=True, slots=True)
class NoSandbox:
    """Compose as the user would run it, in the user's environment: for projects that are trusted."""

    program: str
    deadline: float

    def run(self, words: Sequence[str], socket: Path, *, errors: bool = True, terminal: bool = False) -> Ended:
        """As `Sandbox.run`."""
        left = max(self.deadline - time.monotonic(), _LEAST_SECONDS)
        environ = client.environment(os.environ, socket)
        return client.run((self.program, *words), environ, left, terminal=terminal, errors=errors)


def runner(
    shown: Sequence[str], folder: str, variables: Mapping[str, str], seconds: float, *, sandboxed: bool
) -> Sandbox | NoSandbox:
    """The Compose of this machine, ready to run; raises SandboxError without one, or without one for the sandbox."""
    program = programs.compose_program(os.environ)
    deadline = time.monotonic() + seconds
    if program is None:
        raise SandboxError("Compose files are read by Docker Compose itself: install docker-compose")
    if not sandboxed:
        return NoSandbox(program, deadline)
    if programs.is_script(program):
        raise SandboxError(f"{program} is Compose 1, which cannot run in the sandbox: install Compose 2")
    try:
        needed = (program, *programs.libraries(program))
    except (OSError, subprocess.SubprocessError) as error:
        raise SandboxError(f"cannot list the libraries of {program} ({error}): install ldd (libc-bin)") from None
    return Sandbox(needed, tuple(shown), folder, variables, deadline)


def _checked(ended: Ended) -> Ended:
    before, mark, reason = ended.output.rpartition(enter.MARK)
    if ended.status == enter.FAILED and mark and not before:
        raise SandboxError(
            f"the sandbox for Compose cannot be set up: {reason.strip()}; run as root, allow user namespaces, "
            "or use --no-sandbox for a project that you trust"
        )
    if ended.status and "out of memory" in ended.output:
        raise SandboxError(f"Compose needs more than {_LIMITS['RLIMIT_DATA'] // _MEBIBYTE} MiB of memory")
    return ended
