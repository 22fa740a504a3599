"""One pull of a host's bundle: fetch it if it is new, verify and store it, note how it went.

    FOLDER/versions/7-3f0c2b…/   the files of a version          FOLDER/current -> versions/7-3f0c2b…

On the disk it is whole or not at all, and the last good one stays for a start without a network. Portero reads
FOLDER/current as a signed policy folder, and verifies it again. A new version is written beside the old one, and a link
that is replaced in one step leads to it.
"""

import logging
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from portero.decide.values.dataclass import replace
from portero.decide.values.errors import Faults, FileFaults
from portero.serve.settings.setting_values import CURRENT
from portero.serve.signing import signature, tree
from portero.serve.status import bundle_state
from portero.serve.status.bundle_state import BundleState
from portero.tools.registries.bundle_archive import BundleRefused, Trust
from portero.tools.registries.bundle_fetch import WHOLE, BundleSource
from portero.tools.registries.https import DeadlinePassed, TransportFailed, limit_seconds

_LOG = logging.getLogger(__name__)


def pull_bundle(
    source: BundleSource, folder: Path, read_trust: Callable[[], Trust], try_load: Callable[[Path], None]
) -> BundleState:
    """Ask once, and store a new bundle. Later pulls and the status read how it went from the state.

    `try_load` raises Faults when the policy in a folder could not be put in force. Nothing that a server sends ends the
    pull with another result than a state.
    """
    try:
        before = bundle_state.read_bundle_state(folder) or BundleState()
    except (OSError, ValueError):
        # All is fetched anew.
        before = BundleState()
    try:
        with limit_seconds(WHOLE * source.seconds):
            after = _take_new(source, folder, read_trust(), try_load, before)
        after = replace(after, succeeded=time.time(), failures=0, fault="", refused=False)
    except (TransportFailed, BundleRefused, Faults) as error:
        after = _note_fault(before, str(error), refused=isinstance(error, BundleRefused))
    except OSError as error:
        after = _note_fault(before, f"{error.filename or folder}: {error.strerror}")
    except DeadlinePassed:
        seconds = WHOLE * source.seconds
        after = _note_fault(before, f"what the server sent could not be read and stored within {seconds:g} s")
    except Exception as error:  # noqa: BLE001 - whatever a server sends: the next pull may go well
        _LOG.debug("internal error", exc_info=error)
        after = _note_fault(before, f"internal error ({type(error).__name__})")
    after = replace(after, tried=time.time())
    try:
        bundle_state.write_bundle_state(folder, after)
    except OSError as error:
        unwritten = f"cannot write {bundle_state.locate(folder)}: {error.strerror}"
        after = _note_fault(after, f"{after.fault}; {unwritten}" if after.fault else unwritten, refused=after.refused)
    return after


def _take_new(
    source: BundleSource, folder: Path, trust: Trust, try_load: Callable[[Path], None], before: BundleState
) -> BundleState:
    # What is on the disk may be removed or damaged since: then it is fetched again.
    bundle = source.fetch(before.mark if is_whole(folder, trust) else "")
    if bundle is None:
        return before
    files, manifest = trust.check(bundle)
    try:
        put(folder, files, manifest.version, manifest.content, try_load)
    except Faults as error:
        # A start would fail with it, and the last good one would be gone.
        raise BundleRefused(f"the policy in the bundle does not load: {error.faults[0]}") from error
    return replace(before, mark=bundle.mark, group=manifest.group, version=manifest.version)


def _note_fault(before: BundleState, fault: str, *, refused: bool = False) -> BundleState:
    return replace(before, failures=before.failures + 1, fault=fault, refused=refused)


_VERSIONS = "versions"
_MAX_VERSIONS = 3


def is_whole(folder: Path, trust: Trust) -> bool:
    """Whether there is a current version, unchanged since it was signed, that this host still takes."""
    try:
        trust.check_manifest(signature.verify(tree.read_tree(folder / CURRENT), trust.keys))
    except (OSError, FileFaults, BundleRefused):
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
            write_files(fresh, files)
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
    _link_folder(folder, target)
    _remove_old(versions, target)


def _holds(folder: Path, files: Mapping[str, bytes]) -> bool:
    try:
        return tree.read_tree(folder) == files
    except (OSError, FileFaults):
        return False


def write_files(folder: Path, files: Mapping[str, bytes]) -> None:
    """Into an empty folder. Raises OSError."""
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


def _link_folder(folder: Path, target: Path) -> None:
    fresh = folder / f".{CURRENT}.{os.getpid()}"
    fresh.unlink(missing_ok=True)
    fresh.symlink_to(target.relative_to(folder))
    os.replace(fresh, folder / CURRENT)


def _remove_old(versions: Path, current: Path) -> None:
    """Keep the newest few, to see what was in force, and the current one in any case."""
    others = [path for path in versions.iterdir() if path != current]
    for path in sorted(others, key=lambda path: path.stat().st_mtime, reverse=True)[_MAX_VERSIONS - 1 :]:
        shutil.rmtree(path, ignore_errors=True)
