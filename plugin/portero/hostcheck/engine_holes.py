"""Finds published holes of the engine (schemas/engine-holes.json): by its versions, and by what its packages patched.

A distribution mends old versions: its package's changelog names what it patched. It counts for the version that runs.
"""

import gzip
import json
import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

from portero.dockerd.api import EngineApi
from portero.files import package_files
from portero.files.chroot import Files
from portero.hostcheck.fact import observed
from portero.policy.site import number_of
from portero.values.json_fields import to_objects
from portero.values.json_types import JSON, Fact

_AT = "GET /version"
# What the parts are called in GET /version, and the packages of Debian and Ubuntu. BuildKit is built into dockerd.
_PARTS = {"Engine": ("dockerd", "docker.io"), "containerd": ("containerd", "containerd"), "runc": ("runc", "runc")}
_CHANGELOG = "/usr/share/doc/{}/changelog.Debian.gz"
_VERSION = re.compile(r"v?([0-9]+\.[0-9]+(?:\.[0-9]+)?)")
_BRANCH = 1000


@dataclass(frozen=True, slots=True)
class Hole:
    """A hole that a client of the API can use; `mended`: the first version of each branch without it, as numbers."""

    id: str
    part: str
    what: str
    mended: tuple[int, ...]
    harmless: bool

    def is_in(self, release: int) -> bool:
        """Whether a version has it: one before all of its branch that are mended, and before the newest branch."""
        of_branch = [mended for mended in self.mended if mended // _BRANCH == release // _BRANCH]
        return release < (of_branch[0] if of_branch else max(self.mended))


def load_holes() -> list[Hole]:
    """The table among the built-in schemas."""
    table = json.loads((package_files.schemas() / "engine-holes.json").read_text(encoding="utf-8"))
    return [
        Hole(row["id"], row["in"], row["what"], tuple(map(number_of, row["mended"])), "harmless" in row)
        for row in table
    ]


def find_holes(files: Files, api: EngineApi | None) -> Fact:
    """The fact `holes` of the host document: a line for each that no rule makes harmless."""
    return observed(_AT, lambda: [*_list_holes(files, api)])


def _list_holes(files: Files, api: EngineApi | None) -> Iterator[JSON]:
    if api is None:
        raise ValueError("dockerd does not answer")
    parts = to_objects(api.get("/version").get("Components"))
    versions = {str(part.get("Name")): str(part.get("Version")) for part in parts}
    holes = load_holes()
    for name, (part, package) in _PARTS.items():
        release, patched = _parse(versions.get(name, "")), _read_patched(files, package, versions.get(name, ""))
        for hole in holes:
            if hole.part == part and not hole.harmless and hole.is_in(release) and hole.id not in patched:
                yield f"{hole.id} in {part} {versions[name]}: {hole.what}"


def _read_patched(files: Files, package: str, version: str) -> str:
    """What the changelog of the installed package says, if it is of the version that runs; else nothing."""
    path = _CHANGELOG.format(package)
    if not files.exists(path):
        return ""
    try:
        content = gzip.decompress(files.data(path)).decode("utf-8", "replace")
    except (EOFError, zlib.error) as error:
        raise ValueError(f"{path} is broken") from error
    # A line may end within a name.
    text = re.sub(r"-\s+", "-", content)
    newest = re.match(r"\S+ \((?:[0-9]+:)?([^)]*)\)", text)
    return text if newest is not None and _parse(newest[1]) == _parse(version) else ""


def _parse(version: str) -> int:
    """26.1.5+dfsg1 -> 26001005; ValueError: it is no version."""
    match = _VERSION.match(version)
    if match is None:
        raise ValueError(f"'{version}' is not a version")
    return number_of(match[1])
