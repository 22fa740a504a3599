"""One run of Docker Compose in the sandbox: what it sees, its input, its limits of time and memory."""

import os
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from portero.compose import bubblewrap
from portero.standin import docker_client
from portero.standin.docker_client import Ended

SECONDS = 10.0
_MIN_SECONDS = 0.1
_MEBIBYTE = 1 << 20
# A limit of `as` would count address space that Go only reserves, and end every run at its start.
_LIMITS = {"data": 300 * _MEBIBYTE, "cpu": int(SECONDS), "fsize": 8 * _MEBIBYTE, "nofile": 256, "core": 0}
# The messages of bubblewrap and prlimit begin with these.
_MESSAGES = ("bwrap: ", "prlimit: ")
# These override the `.env` file of the project, which Compose adds to its environment.
_ENVIRONMENT = {
    "DOCKER_CONFIG": bubblewrap.HOME,
    "PATH": "/nonexistent",
    "TMPDIR": "/tmp",  # noqa: S108 - the sandbox's own
    "LC_ALL": "C.UTF-8",
    "COMPOSE_EXPERIMENTAL_GIT_REMOTE": "false",
    "COMPOSE_EXPERIMENTAL_OCI_REMOTE": "false",
}
# What people's compose files take from the caller, besides what --env names.
_OF_CALLER = ("HOME", "USER", "LOGNAME", "HOSTNAME", "UID", "GID", "TZ", "COMPOSE_PROJECT_NAME", "COMPOSE_PROFILES")


class SandboxError(Exception):
    """One sentence: why Compose did not run or was ended, and the cure."""


@dataclass(frozen=True, slots=True)
class Sandbox:
    """`programs`: the real path of Docker Compose, and its libraries. `shown`: real paths that it may read.

    `folder`: its working directory, empty unless shown. `variables`: its environment. `deadline`: the monotonic time
    in seconds by which all runs together have to be over. `user`: whose user and group IDs it has; None: one's own.
    """

    programs: tuple[str, ...]
    shown: tuple[str, ...]
    folder: str
    variables: Mapping[str, str]
    deadline: float
    user: tuple[int, int] | None = None

    def run(self, words: Sequence[str], socket: Path, *, errors: bool = True, terminal: bool = False) -> Ended:
        """Runs Compose with these words and the daemon's socket; raises SandboxError.

        `errors`: whether the output has standard error, too.
        """
        environ = {**self.variables, **_ENVIRONMENT, "DOCKER_HOST": f"unix://{socket}"}
        confined = bubblewrap.confine(_LIMITS, self.programs, [*self.shown, str(socket.parent)], self.folder, environ)
        left = max(self.deadline - time.monotonic(), _MIN_SECONDS)
        command = [*confined, self.programs[0], *words]
        ended = docker_client.run(command, {}, left, terminal=terminal, errors=errors, user=self.user)
        if ended.status and ended.output.startswith(_MESSAGES):
            raise SandboxError(
                f"the sandbox for Compose cannot be set up: {ended.output.strip()}; run as root, allow user "
                "namespaces, or use --no-sandbox for a project that you trust"
            )
        if ended.status and "out of memory" in ended.output:
            raise SandboxError(f"Compose needs more than {_LIMITS['data'] // _MEBIBYTE} MiB of memory")
        return ended


@dataclass(frozen=True, slots=True)
class NoSandbox:
    """Compose as the user would run it, in the user's environment: for projects that are trusted."""

    program: str
    deadline: float
    user: tuple[int, int] | None = None

    def run(self, words: Sequence[str], socket: Path, *, errors: bool = True, terminal: bool = False) -> Ended:
        """As `Sandbox.run`."""
        left = max(self.deadline - time.monotonic(), _MIN_SECONDS)
        environ = docker_client.environment(os.environ, socket)
        return docker_client.run((self.program, *words), environ, left, terminal=terminal, errors=errors)


def find_runner(
    shown: Sequence[str], folder: str, variables: Mapping[str, str], seconds: float, *, sandboxed: bool
) -> Sandbox | NoSandbox:
    """The Compose of this machine, ready to run; raises SandboxError without one, or without one for the sandbox."""
    program = bubblewrap.find_compose(os.environ)
    deadline = time.monotonic() + seconds
    if program is None:
        raise SandboxError("Compose files are read by Docker Compose itself: install docker-compose")
    if not sandboxed:
        return NoSandbox(program, deadline)
    if bubblewrap.is_script(program):
        raise SandboxError(f"{program} is Compose 1, which cannot run in the sandbox: install Compose 2")
    if missing := bubblewrap.list_missing_packages():
        raise SandboxError(
            f"the sandbox for Compose needs {' and '.join(missing)}: apt-get install {' '.join(missing)}, "
            "or use --no-sandbox for a project that you trust"
        )
    try:
        needed = (program, *bubblewrap.list_libraries(program))
    except (OSError, subprocess.SubprocessError) as error:
        raise SandboxError(f"cannot list the libraries of {program} ({error}): install ldd (libc-bin)") from None
    of_caller = {name: os.environ[name] for name in _OF_CALLER if name in os.environ}
    return Sandbox(
        needed, tuple(shown), folder, {"HOME": bubblewrap.HOME, **of_caller, **variables}, deadline, _find_owner(shown)
    )


def _find_owner(shown: Sequence[str]) -> tuple[int, int] | None:
    """Whose the project is, where root looks at it: in the sandbox root has no right to the files of others."""
    owner = os.stat(shown[0])
    ids = (owner.st_uid, owner.st_gid)
    return ids if os.geteuid() == 0 and ids[0] != 0 and bubblewrap.may_run_as(ids) else None
