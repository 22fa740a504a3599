"""The bundle on this host's disk: whole or not at all, and the last good one for a start without a network.

    FOLDER/versions/7-3f0c2b…/   the files of a version          FOLDER/current -> versions/7-3f0c2b…

Portero reads FOLDER/current as a signed policy folder, and verifies it again. A new version is written beside the old
one, and a link that is replaced in one step leads to it.
"""

import os
import shutil
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

from portero.settings.setting_values import CURRENT
from portero.signing import signature, tree
from portero.signing.signature import PublicKey, SignatureRefused
from portero.signing.tree import TreeRefused
from portero.values.errors import Faults

_VERSIONS = "versions"
_MAX_VERSIONS = 3


def is_whole(folder: Path, keys: Mapping[str, PublicKey]) -> bool:
    """Whether there is a current version, unchanged since it was signed."""
    try:
        signature.verify(tree.read_tree(folder / CURRENT), keys)
    except (OSError, TreeRefused, SignatureRefused):
        return False
    return True


def put(folder: Path, files: Mapping[str, bytes], version: int, content: str, try_load: Callable[[Path], None]) -> None:
    """Make these files the current ones, unless `try_load` of their folder fails. What was current then stays so."""
    versions = folder / _VERSIONS
    versions.mkdir(mode=0o755, parents=True, exist_ok=True)
    target = versions / f"{version}-{content[:16]}"
    if not _holds(target, files):
        fresh = Path(tempfile.mkdtemp(prefix=".new-", dir=versions))
        try:
            _write(fresh, files)
            # What is there now is damaged or incomplete.
            shutil.rmtree(target, ignore_errors=True)
            os.rename(fresh, target)
        except BaseException:  # the deadline too
            shutil.rmtree(fresh, ignore_errors=True)
            raise
    try:
        try_load(target)
    except Faults:
        if str(target) != os.path.realpath(folder / CURRENT):
            shutil.rmtree(target, ignore_errors=True)
        raise
    _link(folder, target)
    _remove_old(versions, target)


def _holds(folder: Path, files: Mapping[str, bytes]) -> bool:
    try:
        return tree.read_tree(folder) == files
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


def _link(folder: Path, target: Path) -> None:
    fresh = folder / f".{CURRENT}.{os.getpid()}"
    fresh.unlink(missing_ok=True)
    fresh.symlink_to(target.relative_to(folder))
    os.replace(fresh, folder / CURRENT)


def _remove_old(versions: Path, current: Path) -> None:
    """Keep the newest few, to see what was in force, and the current one in any case."""
    others = [path for path in versions.iterdir() if path != current]
    for path in sorted(others, key=lambda path: path.stat().st_mtime, reverse=True)[_MAX_VERSIONS - 1 :]:
        shutil.rmtree(path, ignore_errors=True)
