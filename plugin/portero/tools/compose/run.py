"""Runs Docker Compose in a sandbox of bubblewrap: shows it what it may see, bounds it."""

import os
import shutil
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from portero.decide.values.dataclass import dataclass
from portero.tools.compose.compose_program import SYSTEM_PATH, find_compose, is_script, list_libraries
from portero.tools.recording.request_files import InvalidRequestFile
from portero.tools.standin import docker_command
from portero.tools.standin.docker_command import Ended

# The commands that make the sandbox, by their packages.
_PACKAGES = {"bubblewrap": "bwrap", "util-linux": "prlimit"}
HOME = "/portero-home"
# In the home folder, and in /tmp.
_WRITABLE_BYTES = 16 << 20


def list_missing_packages() -> list[str]:
    """The packages that `confine_command` needs and that are not installed."""
    return [package for package, command in _PACKAGES.items() if shutil.which(command, path=SYSTEM_PATH) is None]


def confine_command(
    limits: Mapping[str, int],
    programs: Sequence[str],
    shown: Sequence[str],
    folder: str,
    environment: Mapping[str, str],
) -> list[str]:
    """The words in front of a command that run it in a sandbox, which ends with the process that starts it.

    The command sees `programs` and `shown` under their paths, read-only, and empty folders; no network, no other
    process, no device but /dev/null; it has no capability. `limits`: options of prlimit. `folder`: the working
    directory, empty unless shown.
    """
    prlimit, bwrap = (shutil.which(name, path=SYSTEM_PATH) or name for name in ("prlimit", "bwrap"))
    limited = [prlimit, *(f"--{name}={limit}" for name, limit in limits.items())]
    kinds = ("ipc", "pid", "net", "uts", "cgroup-try", *(() if _needs_no_user_namespace(bwrap) else ("user",)))
    words = [*(f"--unshare-{kind}" for kind in kinds), "--die-with-parent", "--new-session"]
    words += ["--cap-drop", "ALL", "--clearenv"]
    for name, value in environment.items():
        words += ["--setenv", name, value]
    for writable in (HOME, "/tmp"):  # noqa: S108 - inside of the sandbox
        words += ["--size", str(_WRITABLE_BYTES), "--tmpfs", writable]
    words += ["--dev-bind", "/dev/null", "/dev/null"]
    for path in (*programs, *shown):
        words += ["--ro-bind", path, path]
    return [*limited, bwrap, *words, "--dir", folder, "--remount-ro", "/", "--chdir", folder]


def _needs_no_user_namespace(bwrap: str) -> bool:
    """Whether it runs as root where no user namespace can be made, as in most containers."""
    if os.geteuid() != 0:
        return False
    return not _makes_user_namespaces(bwrap, None)


def may_run_as(ids: tuple[int, int]) -> bool:
    return _makes_user_namespaces(shutil.which("bwrap", path=SYSTEM_PATH) or "bwrap", ids)


def _makes_user_namespaces(bwrap: str, ids: tuple[int, int] | None) -> bool:
    account: dict[str, Any] = {"user": ids[0], "group": ids[1], "extra_groups": ()} if ids else {}
    probe = [bwrap, "--unshare-user", "--ro-bind", "/", "/", "true"]
    environ = {"PATH": SYSTEM_PATH}
    ended = subprocess.run(probe, env=environ, capture_output=True, check=False, **account)  # noqa: S603 - fixed words
    return bool(ended.returncode == 0)


SECONDS = 10.0
_MIN_SECONDS = 0.1
_MEBIBYTE = 1 << 20
# A limit of `as` would count address space that Go only reserves, and end every run at its start.
_LIMITS = {"data": 300 * _MEBIBYTE, "cpu": int(SECONDS), "fsize": 8 * _MEBIBYTE, "nofile": 256, "core": 0}
# The messages of bubblewrap and prlimit begin with these.
_MESSAGES = ("bwrap: ", "prlimit: ")
# These override the `.env` file of the project, which Compose adds to its environment.
_ENVIRONMENT = {
    "DOCKER_CONFIG": HOME,
    "PATH": "/nonexistent",
    "TMPDIR": "/tmp",  # noqa: S108 - the sandbox's own
    "LC_ALL": "C.UTF-8",
    "COMPOSE_EXPERIMENTAL_GIT_REMOTE": "false",
    "COMPOSE_EXPERIMENTAL_OCI_REMOTE": "false",
}
# What people's compose files take from the caller, besides what --env names.
_OF_CALLER = ("HOME", "USER", "LOGNAME", "HOSTNAME", "UID", "GID", "TZ", "COMPOSE_PROJECT_NAME", "COMPOSE_PROFILES")


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
        """Runs Compose with these words and the daemon's socket; raises InvalidRequestFile.

        `errors`: whether the output has standard error, too.
        """
        environ = {**self.variables, **_ENVIRONMENT, "DOCKER_HOST": f"unix://{socket}"}
        confined = confine_command(_LIMITS, self.programs, [*self.shown, str(socket.parent)], self.folder, environ)
        left = max(self.deadline - time.monotonic(), _MIN_SECONDS)
        command = [*confined, self.programs[0], *words]
        ended = docker_command.run(command, {}, left, terminal=terminal, errors=errors, user=self.user)
        if ended.status and ended.output.startswith(_MESSAGES):
            raise InvalidRequestFile(
                f"the sandbox for Compose cannot be set up: {ended.output.strip()}; run as root, allow user "
                "namespaces, or use --no-sandbox for a project that you trust"
            )
        if ended.status and "out of memory" in ended.output:
            raise InvalidRequestFile(f"Compose needs more than {_LIMITS['data'] // _MEBIBYTE} MiB of memory")
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
        environ = docker_command.make_environment(os.environ, socket)
        return docker_command.run((self.program, *words), environ, left, terminal=terminal, errors=errors)


def find_runner(
    shown: Sequence[str], folder: str, variables: Mapping[str, str], seconds: float, *, sandboxed: bool
) -> Sandbox | NoSandbox:
    """The Compose of this machine, ready to run; raises InvalidRequestFile without it, or what its sandbox needs."""
    program = find_compose(os.environ)
    deadline = time.monotonic() + seconds
    if program is None:
        raise InvalidRequestFile("Compose files are read by Docker Compose itself: install docker-compose")
    if not sandboxed:
        return NoSandbox(program, deadline)
    if is_script(program):
        raise InvalidRequestFile(f"{program} is Compose 1, which cannot run in the sandbox: install Compose 2")
    if missing := list_missing_packages():
        raise InvalidRequestFile(
            f"the sandbox for Compose needs {' and '.join(missing)}: apt-get install {' '.join(missing)}, "
            "or use --no-sandbox for a project that you trust"
        )
    try:
        needed = (program, *list_libraries(program))
    except (OSError, subprocess.SubprocessError) as error:
        raise InvalidRequestFile(f"cannot list the libraries of {program} ({error}): install ldd (libc-bin)") from None
    of_caller = {name: os.environ[name] for name in _OF_CALLER if name in os.environ}
    return Sandbox(needed, tuple(shown), folder, {"HOME": HOME, **of_caller, **variables}, deadline, _find_owner(shown))


def _find_owner(shown: Sequence[str]) -> tuple[int, int] | None:
    """Whose the project is, where root looks at it: in the sandbox root has no right to the files of others."""
    owner = os.stat(shown[0])
    ids = (owner.st_uid, owner.st_gid)
    return ids if os.geteuid() == 0 and ids[0] != 0 and may_run_as(ids) else None
