"""The bundle on this host's disk: whole or not at all, and the last good one for a start without a network.

    FOLDER/versions/7-3f0c2b…/   the files of a version          FOLDER/current -> versions/7-3f0c2b…

Portero reads FOLDER/current as a signed policy folder, and verifies it again. A new version is written beside the old
one, and a link that is replaced in one step leads to it.

What a bundle holds, once its signatures, the group it is for, and its version are known to be right.
"""

import os
import shutil
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from portero.bundles.archive import ArchiveRefused, Bundle, unpack
from portero.settings.setting_values import CURRENT
from portero.signing import detached, signature, tree, versions
from portero.signing.detached import DetachedRefused
from portero.signing.manifest import Manifest
from portero.signing.signature import PublicKey, SignatureRefused
from portero.signing.tree import TreeRefused
from portero.signing.versions import Seen
from portero.values.errors import Faults

_VERSIONS = "versions"
_KEPT = 3


def is_whole(folder: Path, keys: Mapping[str, PublicKey]) -> bool:
    """Whether there is a current version, and a disk or a hand has changed nothing in it since it was signed."""
    try:
        signature.verify(tree.held(folder / CURRENT), keys)
    except (OSError, TreeRefused, SignatureRefused):
        return False
    return True


def put(folder: Path, files: Mapping[str, bytes], version: int, content: str, try_load: Callable[[Path], None]) -> None:
    """Make these files the current ones, unless `try_load` of their folder fails. What was current then stays so."""
    versions = folder / _VERSIONS
    versions.mkdir(mode=0o755, parents=True, exist_ok=True)
    place = versions / f"{version}-{content[:16]}"
    if not _is_there(place, files):
        fresh = Path(tempfile.mkdtemp(prefix=".new-", dir=versions))
        try:
            _write(fresh, files)
            # What is there in its place is damaged, or half of it was removed.
            shutil.rmtree(place, ignore_errors=True)
            os.rename(fresh, place)
        except OSError:
            shutil.rmtree(fresh, ignore_errors=True)
            raise
    try:
        try_load(place)
    except Faults:
        if place != (folder / CURRENT).resolve():
            shutil.rmtree(place, ignore_errors=True)
        raise
    _lead(folder, place)
    _tidy(versions, place)


def _is_there(place: Path, files: Mapping[str, bytes]) -> bool:
    try:
        return tree.held(place) == files
    except (OSError, TreeRefused):
        return False


def _write(folder: Path, files: Mapping[str, bytes]) -> None:
    folder.chmod(0o755)
    for name, content in files.items():
        file = folder / name
        file.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
        with file.open("xb") as opened:
            opened.write(content)
            opened.flush()
            # After a crash of the machine the link must not lead to empty files.
            os.fsync(opened.fileno())
        file.chmod(0o644)


def _lead(folder: Path, place: Path) -> None:
    fresh = folder / f".{CURRENT}.{os.getpid()}"
    fresh.unlink(missing_ok=True)
    fresh.symlink_to(place.relative_to(folder))
    os.replace(fresh, folder / CURRENT)


def _tidy(versions: Path, place: Path) -> None:
    """The newest few stay, for a look at what was in force; what is current stays in any case."""
    others = [path for path in versions.iterdir() if path != place]
    for path in sorted(others, key=lambda path: path.stat().st_mtime, reverse=True)[_KEPT - 1 :]:
        shutil.rmtree(path, ignore_errors=True)


class BundleRefused(Exception):
    """One sentence: why this bundle must not be taken."""


def open_bundle(bundle: Bundle, trusted: Mapping[str, PublicKey]) -> tuple[dict[str, bytes], Manifest]:
    """The files of a bundle, and what they are signed as; nothing is unpacked before the archive's signature holds.

    Raises BundleRefused.
    """
    try:
        detached.verify(bundle.data, bundle.signature, trusted)
        files = unpack(bundle.data)
        return files, signature.verify(files, trusted)
    except (DetachedRefused, ArchiveRefused) as refused:
        raise BundleRefused(f"the bundle {refused}") from refused
    except SignatureRefused as refused:
        name, sentence = refused.faults[0]
        more = f" (and {len(refused.faults) - 1} more)" if len(refused.faults) > 1 else ""
        raise BundleRefused(f"{name} in the bundle {sentence}{more}") from refused


@dataclass(frozen=True, slots=True)
class Trust:
    """What this host takes: whose signature, for which groups, and what was in force before."""

    keys: Mapping[str, PublicKey]
    groups: tuple[str, ...]
    seen: Mapping[str, Seen]

    def check(self, bundle: Bundle) -> tuple[dict[str, bytes], Manifest]:
        """The files of a bundle, and what they are signed as. Raises BundleRefused."""
        files, manifest = open_bundle(bundle, self.keys)
        if manifest.group not in self.groups:
            takes = ", ".join(self.groups) or "none"
            raise BundleRefused(f"the bundle is signed for {manifest.group}, this host takes {takes}")
        fault = versions.fault(self.seen, manifest)
        if fault is not None:
            raise BundleRefused(f"the bundle {fault}")
        return files, manifest
