"""One pull of a host's bundle: fetch it if it is new, verify and store it, note how it went."""

import logging
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from portero.bundles import store
from portero.bundles.archive import BundleRefused, Trust
from portero.bundles.fetch import BundleSource, LoginRefused
from portero.bundles.https import DeadlinePassed, TransportFailed, ends_within
from portero.signing.versions import InvalidVersions
from portero.status import bundle_state
from portero.status.bundle_state import BundleState
from portero.values.errors import Faults

_LOG = logging.getLogger(__name__)
# A pull takes at most so many times what is given to the network.
_WHOLE_PULL = 2


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
        with ends_within(_WHOLE_PULL * source.seconds):
            after = _take_new(source, folder, read_trust(), try_load, before)
        after = replace(after, succeeded=time.time(), failures=0, fault="", refused=False)
    except (TransportFailed, LoginRefused, BundleRefused, Faults, InvalidVersions) as error:
        after = _note_fault(before, str(error), refused=isinstance(error, BundleRefused))
    except OSError as error:
        after = _note_fault(before, f"{error.filename or folder}: {error.strerror}")
    except DeadlinePassed:
        seconds = _WHOLE_PULL * source.seconds
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
    bundle = source.fetch(before.mark if store.is_whole(folder, trust.keys) else "")
    if bundle is None:
        return before
    files, manifest = trust.check(bundle)
    try:
        store.put(folder, files, manifest.version, manifest.content, try_load)
    except Faults as error:
        # A start would fail with it, and the last good one would be gone.
        raise BundleRefused(f"the policy in the bundle does not load: {error.faults[0]}") from error
    return replace(before, mark=bundle.mark, group=manifest.group, version=manifest.version)


def _note_fault(before: BundleState, fault: str, *, refused: bool = False) -> BundleState:
    return replace(before, failures=before.failures + 1, fault=fault, refused=refused)
