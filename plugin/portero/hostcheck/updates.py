"""Finds pending updates: packages of Docker with a newer version, and an installed kernel newer than the running one.

Packages are known where apt manages them and its lists are recent: old lists would hide updates.
"""

import re
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from typing import TypeAlias

from portero.files.chroot import Files
from portero.hostcheck.fact import observed
from portero.values.json_types import JSON

# Runs a program and returns its output.
Ask: TypeAlias = Callable[[Sequence[str]], str]

PACKAGES = ("docker.io", "docker-ce", "moby-engine", "containerd", "containerd.io", "runc")
MAX_LIST_AGE_SECONDS = 7 * 86400
_TIMEOUT_SECONDS = 30
_LISTS = "/var/lib/apt/lists"
_POLICY = "apt-cache policy"
_BOOT, _MODULES = "/boot", "/lib/modules"
_RUNNING = "/proc/sys/kernel/osrelease"
_IMAGE = "vmlinuz-"


def facts(files: Files, ask: Ask | None = None) -> dict[str, JSON]:
    """The part `updates` of the host document. `ask` runs a program and returns its output; None: by subprocess."""
    return {
        "packages": observed(_POLICY, lambda: [*_list_packages(files, ask or run_command)]),
        "kernels": observed(f"{_BOOT}, {_MODULES}", lambda: _list_newer_kernels(files)),
    }


def _list_packages(files: Files, ask: Ask) -> Iterator[JSON]:
    """docker.io 26.1.5 -> 26.1.6, for each package with a newer version."""
    if files.outside("/") != "/":
        raise ValueError("apt reports this system only")
    if _read_age(files) > MAX_LIST_AGE_SECONDS:
        raise ValueError(f"{_LISTS} are old")
    rows = re.findall(r"^(\S+):\n +Installed: (\S+)\n +Candidate: (\S+)$", ask((*_POLICY.split(), *PACKAGES)), re.M)
    installed = [(name, version, candidate) for name, version, candidate in rows if version != "(none)"]
    if not installed:
        raise ValueError("apt has installed no Docker")
    yield from (f"{name} {version} -> {candidate}" for name, version, candidate in installed if candidate != version)


def _read_age(files: Files) -> float:
    """Seconds since apt brought its lists up to date."""
    times = [files.stat(f"{_LISTS}/{name}").st_mtime for name in files.names(_LISTS) if "_" in name]
    if not times:
        raise ValueError(f"{_LISTS} is empty")
    # A list keeps the time at which the archive wrote it; the folder changes whenever one is replaced.
    return time.time() - max(*times, files.stat(_LISTS).st_mtime)


def _list_newer_kernels(files: Files) -> JSON:
    """Of the running kernel's flavour; the one that runs must be among the installed ones, or nothing is known."""
    running = files.text(_RUNNING).strip()
    images = [name.removeprefix(_IMAGE) for name in files.names(_BOOT) if name.startswith(_IMAGE)]
    installed = images or files.names(_MODULES)
    if running not in installed:
        raise ValueError(f"{running} is not among the installed kernels")
    return [name for name in installed if _flavour(name) == _flavour(running) and _rank(name) > _rank(running)]


def _flavour(release: str) -> str:
    """6.12.48+deb13-amd64 -> amd64; empty where the release ends with a number."""
    match = re.search(r"-([a-z][a-z0-9_-]*)$", release)
    return match[1] if match is not None else ""


def _rank(release: str) -> tuple[int, ...]:
    """Its numbers, without those of the flavour (amd64)."""
    return tuple(int(digits) for digits in re.findall(r"[0-9]+", release.removesuffix(_flavour(release))))


def run_command(command: Sequence[str]) -> str:
    """What the program prints; raises OSError when it fails or takes too long."""
    environment = {"LC_ALL": "C", "PATH": "/usr/bin:/bin"}
    try:
        done = subprocess.run(  # noqa: S603 - fixed words
            command, capture_output=True, text=True, check=True, timeout=_TIMEOUT_SECONDS, env=environment
        )
    except subprocess.SubprocessError as error:
        raise OSError(f"{command[0]} failed") from error
    return done.stdout
