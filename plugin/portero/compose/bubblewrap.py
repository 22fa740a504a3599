"""Where Docker Compose is installed, what it needs to run where nothing else is, and bubblewrap, which does that."""

import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

_NAME = "docker-compose"
# docker/cli cli-plugins/manager (defaultSystemPluginDirs).
_PLUGIN_FOLDERS = (
    "/usr/local/lib/docker/cli-plugins",
    "/usr/local/libexec/docker/cli-plugins",
    "/usr/lib/docker/cli-plugins",
    "/usr/libexec/docker/cli-plugins",
)
_SYSTEM_PATH = "/usr/bin:/bin"
# The commands that make the sandbox, by the package that has them.
_PACKAGES = {"bubblewrap": "bwrap", "util-linux": "prlimit"}
HOME = "/portero-home"
# Of what is written to the home folder, and to /tmp.
_WRITABLE_BYTES = 16 << 20
_TIMEOUT_SECONDS = 10.0


def compose_program(environ: Mapping[str, str]) -> str | None:
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


def libraries(program: str) -> Iterator[str]:
    """The shared libraries of a program and its loader, as the names that it looks for; none when it is static.

    Raises OSError without ldd, which comes with the C library, and SubprocessError when it does not end in time.
    """
    found = subprocess.run(  # noqa: S603 - a fixed word and the program of this machine
        [shutil.which("ldd", path=_SYSTEM_PATH) or "ldd", program],
        env={"PATH": _SYSTEM_PATH, "LC_ALL": "C"},
        capture_output=True,
        timeout=_TIMEOUT_SECONDS,
        check=False,
        text=True,
    )
    for line in found.stdout.splitlines():
        yield from (word for word in line.split() if word.startswith("/") and Path(word).is_file())


def missing_packages() -> list[str]:
    """What has to be installed before `confine` works."""
    return [package for package, command in _PACKAGES.items() if shutil.which(command, path=_SYSTEM_PATH) is None]


def confine(
    limits: Mapping[str, int],
    programs: Sequence[str],
    shown: Sequence[str],
    folder: str,
    environment: Mapping[str, str],
) -> list[str]:
    """The words before a command that run it in a sandbox, which ends with the process that starts it.

    It sees `programs` and `shown` where they lie, read-only, and else empty folders; no network, no other process, no
    device but /dev/null; it has no capability. `limits`: as options of prlimit. `folder`: where it runs, empty where it
    is not shown.
    """
    prlimit, bwrap = (shutil.which(name, path=_SYSTEM_PATH) or name for name in ("prlimit", "bwrap"))
    limited = [prlimit, *(f"--{name}={most}" for name, most in limits.items())]
    kinds = ("ipc", "pid", "net", "uts", "cgroup-try", *(() if _needs_no_user_namespace(bwrap) else ("user",)))
    words = [*(f"--unshare-{kind}" for kind in kinds), "--die-with-parent", "--new-session"]
    words += ["--cap-drop", "ALL", "--clearenv"]
    for name, value in environment.items():
        words += ["--setenv", name, value]
    for own in (HOME, "/tmp"):  # noqa: S108 - the sandbox's own
        words += ["--size", str(_WRITABLE_BYTES), "--tmpfs", own]
    words += ["--dev-bind", "/dev/null", "/dev/null"]
    for path in (*programs, *shown):
        words += ["--ro-bind", path, path]
    return [*limited, bwrap, *words, "--dir", folder, "--remount-ro", "/", "--chdir", folder]


def _needs_no_user_namespace(bwrap: str) -> bool:
    """Root can do without one, where none can be made, as in most containers."""
    if os.geteuid() != 0:
        return False
    probe = [bwrap, "--unshare-user", "--ro-bind", "/", "/", "true"]
    ended = subprocess.run(probe, env={"PATH": _SYSTEM_PATH}, capture_output=True, check=False)  # noqa: S603 - fixed words
    return ended.returncode != 0
