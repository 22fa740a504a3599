"""Finds pending updates of Docker's packages and the kernel, and published holes of the engine that runs.

Packages are known where apt manages them and its lists are recent: old lists would hide updates. Holes are found by
version (schemas/engine-holes.json); a distribution mends old versions, and the changelog of the package of the version
that runs names what it patched.
"""

import gzip
import json
import re
import subprocess
import time
import zlib
from collections.abc import Callable, Iterator, Sequence
from typing import TypeAlias

from portero.decide.policy.site import encode_version
from portero.decide.values.dataclass import dataclass
from portero.decide.values.json_fields import JSON, to_objects
from portero.observe.dockerd.api import EngineApi
from portero.observe.files.chroot import Files
from portero.observe.process import package_files
from portero.tools.hostcheck.daemon_facts import parse_release
from portero.tools.hostcheck.fact import observe

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


def collect_facts(files: Files, api: EngineApi | None, ask: Ask | None = None) -> dict[str, JSON]:
    """The part `updates` of the host document. `ask` runs a program and returns its output; None: by subprocess.

    `holes`: a line for each that no rule makes harmless.
    """
    return {
        "holes": observe("GET /version", lambda: [*_list_holes(files, api)]),
        "packages": observe(_POLICY, lambda: [*_list_packages(files, ask or run_command)]),
        "kernels": observe(f"{_BOOT}, {_MODULES}", lambda: _list_newer_kernels(files)),
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
    times = [files.stat(f"{_LISTS}/{name}").st_mtime for name in files.list_names(_LISTS) if "_" in name]
    if not times:
        raise ValueError(f"{_LISTS} is empty")
    # A list keeps the time at which the archive wrote it; the folder changes whenever one is replaced.
    return time.time() - max(*times, files.stat(_LISTS).st_mtime)


def _list_newer_kernels(files: Files) -> JSON:
    """Of the running kernel's flavour; the one that runs must be among the installed ones, or nothing is known."""
    running = files.read_text(_RUNNING).strip()
    images = [name.removeprefix(_IMAGE) for name in files.list_names(_BOOT) if name.startswith(_IMAGE)]
    installed = images or files.list_names(_MODULES)
    if running not in installed:
        raise ValueError(f"{running} is not among the installed kernels")
    return [
        name for name in installed if _name_flavour(name) == _name_flavour(running) and _rank(name) > _rank(running)
    ]


def _name_flavour(release: str) -> str:
    """6.12.48+deb13-amd64 -> amd64; empty where the release ends with a number."""
    match = re.search(r"-([a-z][a-z0-9_-]*)$", release)
    return match[1] if match is not None else ""


def _rank(release: str) -> tuple[int, ...]:
    """Its numbers, without those of the flavour (amd64)."""
    return tuple(int(digits) for digits in re.findall(r"[0-9]+", release.removesuffix(_name_flavour(release))))


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


# What the parts are called in GET /version, and the packages of Debian and Ubuntu. BuildKit is built into dockerd.
_PARTS = {"Engine": ("dockerd", "docker.io"), "containerd": ("containerd", "containerd"), "runc": ("runc", "runc")}
_CHANGELOG = "/usr/share/doc/{}/changelog.Debian.gz"
_BRANCH = 1000


@dataclass(frozen=True, slots=True)
class Hole:
    """A hole that a client of the API can use; `fixed`: the first version of each branch without it, as numbers."""

    id: str
    part: str
    what: str
    fixed: tuple[int, ...]
    harmless: bool

    def is_in(self, release: int) -> bool:
        """Whether a version has it: one before all of its branch that are fixed, and before the newest branch."""
        of_branch = [fixed for fixed in self.fixed if fixed // _BRANCH == release // _BRANCH]
        return release < (of_branch[0] if of_branch else max(self.fixed))


def load_holes() -> list[Hole]:
    table = json.loads((package_files.schemas() / "engine-holes.json").read_bytes())
    return [
        Hole(row["id"], row["in"], row["what"], tuple(map(encode_version, row["fixed"])), "harmless" in row)
        for row in table
    ]


def _list_holes(files: Files, api: EngineApi | None) -> Iterator[JSON]:
    if api is None:
        raise ValueError("dockerd does not answer")
    parts = to_objects(api.get("/version").get("Components"))
    versions = {str(part.get("Name")): str(part.get("Version")) for part in parts}
    holes = load_holes()
    for name, (part, package) in _PARTS.items():
        release, patched = parse_release(versions.get(name, "")), _read_patched(files, package, versions.get(name, ""))
        for hole in holes:
            if hole.part == part and not hole.harmless and hole.is_in(release) and hole.id not in patched:
                yield f"{hole.id} in {part} {versions[name]}: {hole.what}"


def _read_patched(files: Files, package: str, version: str) -> str:
    """What the changelog of the installed package says, if it is of the version that runs; else nothing."""
    path = _CHANGELOG.format(package)
    if not files.exists(path):
        return ""
    try:
        content = gzip.decompress(files.read_data(path)).decode("utf-8", "replace")
    except (EOFError, zlib.error) as error:
        raise ValueError(f"{path} is broken") from error
    # A line may end within a name.
    text = re.sub(r"-\s+", "-", content)
    newest = re.match(r"\S+ \((?:[0-9]+:)?([^)]*)\)", text)
    return text if newest is not None and parse_release(newest[1]) == parse_release(version) else ""
