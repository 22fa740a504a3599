"""Finds Docker Compose and its libraries, and confines it with bubblewrap."""

import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

_NAME = "docker-compose"
# docker/cli cli-plugins/manager (defaultSystemPluginDirs).
_PLUGIN_FOLDERS = (
    "/usr/local/lib/docker/cli-plugins",
    "/usr/local/libexec/docker/cli-plugins",
    "/usr/lib/docker/cli-plugins",
    "/usr/libexec/docker/cli-plugins",
)
_SYSTEM_PATH = "/usr/bin:/bin"
# The commands that make the sandbox, by their packages.
_PACKAGES = {"bubblewrap": "bwrap", "util-linux": "prlimit"}
HOME = "/portero-home"
# In the home folder, and in /tmp.
_WRITABLE_BYTES = 16 << 20
_TIMEOUT_SECONDS = 10.0


def find_compose(environ: Mapping[str, str]) -> str | None:
    """The real path of Docker Compose: on the PATH, else docker's plugin; None when there is none."""
    on_path = shutil.which(_NAME, path=environ.get("PATH"))
    if on_path is not None:
        return os.path.realpath(on_path)
    home = environ.get("DOCKER_CONFIG") or os.path.join(environ.get("HOME", ""), ".docker")
    for folder in (os.path.join(home, "cli-plugins"), *_PLUGIN_FOLDERS):
        program = os.path.join(folder, _NAME)
        if os.access(program, os.X_OK):
            return os.path.realpath(program)
    return None


def is_script(program: str) -> bool:
    """Whether it needs an interpreter: Compose 1 is a Python program."""
    with open(program, "rb") as file:
        return file.read(2) == b"#!"


def list_libraries(program: str) -> Iterator[str]:
    """The shared libraries of a program and its loader, as the names that it looks for; none when it is static.

    Raises OSError without ldd, which comes with the C library, and SubprocessError when it does not end in time.
    """
    ended = subprocess.run(  # noqa: S603 - fixed words
        [shutil.which("ldd", path=_SYSTEM_PATH) or "ldd", program],
        env={"PATH": _SYSTEM_PATH, "LC_ALL": "C"},
        capture_output=True,
        timeout=_TIMEOUT_SECONDS,
        check=False,
        text=True,
    )
    for line in ended.stdout.splitlines():
        yield from (word for word in line.split() if word.startswith("/") and Path(word).is_file())


def list_missing_packages() -> list[str]:
    """The packages that `confine` needs and that are not installed."""
    return [package for package, command in _PACKAGES.items() if shutil.which(command, path=_SYSTEM_PATH) is None]


def confine(
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
    prlimit, bwrap = (shutil.which(name, path=_SYSTEM_PATH) or name for name in ("prlimit", "bwrap"))
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
    """Whether this user and group can make a sandbox here."""
    return _makes_user_namespaces(shutil.which("bwrap", path=_SYSTEM_PATH) or "bwrap", ids)


def _makes_user_namespaces(bwrap: str, ids: tuple[int, int] | None) -> bool:
    account: dict[str, Any] = {"user": ids[0], "group": ids[1], "extra_groups": ()} if ids else {}
    probe = [bwrap, "--unshare-user", "--ro-bind", "/", "/", "true"]
    environ = {"PATH": _SYSTEM_PATH}
    ended = subprocess.run(probe, env=environ, capture_output=True, check=False, **account)  # noqa: S603 - fixed words
    return bool(ended.returncode == 0)
