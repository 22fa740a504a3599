"""Finds Docker Compose on this machine, and the libraries that it needs."""

import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path

_NAME = "docker-compose"
# docker/cli cli-plugins/manager (defaultSystemPluginDirs).
_PLUGIN_FOLDERS = (
    "/usr/local/lib/docker/cli-plugins",
    "/usr/local/libexec/docker/cli-plugins",
    "/usr/lib/docker/cli-plugins",
    "/usr/libexec/docker/cli-plugins",
)
SYSTEM_PATH = "/usr/bin:/bin"
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
        [shutil.which("ldd", path=SYSTEM_PATH) or "ldd", program],
        env={"PATH": SYSTEM_PATH, "LC_ALL": "C"},
        capture_output=True,
        timeout=_TIMEOUT_SECONDS,
        check=False,
        text=True,
    )
    for line in ended.stdout.splitlines():
        yield from (word for word in line.split() if word.startswith("/") and Path(word).is_file())
