"""Keeps this host's bundle up to date: asks every few minutes, takes what is right, notes how it went."""

import logging
import random
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from portero.bundles import state as bundle_state
from portero.bundles import store
from portero.bundles.checked import BundleRefused, Trust
from portero.bundles.fetch import BundleSource
from portero.bundles.login import LoginRefused
from portero.bundles.state import BundleState
from portero.bundles.transport import TransportFailed
from portero.errors import Faults
from portero.signing.versions import InvalidVersions

_LOG = logging.getLogger(__name__)
# A host that fails waits longer each time, up to so many intervals.
_MOST_INTERVALS = 8
# Hosts that start together must not ask together for ever.
_JITTER = 0.2


@dataclass(slots=True)
class Follower:
    """`trust` is read anew before each look: keys and remembered versions can change.

    `try_load` raises Faults when the policy in a folder could not be put in force.
    """

    source: BundleSource
    folder: Path
    every: float
    trust: Callable[[], Trust]
    try_load: Callable[[Path], None]
    state: BundleState

    def look(self) -> bool:
        """Ask once, and take a new bundle; whether all is well. The state file says how it went."""
        try:
            # What is on the disk may be removed or damaged since: then the mark of what was fetched counts for nothing.
            whole = store.is_whole(self.folder, self.trust().keys)
            found = self.source.fetch(self.state.mark if whole else "")
            if found is not None:
                self._take(*found)
        except (TransportFailed, LoginRefused, BundleRefused, Faults, InvalidVersions) as error:
            self._fail(str(error), refused=isinstance(error, BundleRefused))
            return False
        except OSError as error:
            self._fail(f"{error.filename or self.folder}: {error.strerror}", refused=False)
            return False
        self._note(replace(self.state, succeeded=time.time(), tried=time.time(), failures=0, fault="", refused=False))
        return True

    def _take(self, data: bytes, mark: str) -> None:
        files, manifest = self.trust().check(data)
        try:
            store.put(self.folder, files, manifest.version, manifest.content, self.try_load)
        except Faults as error:
            # A start would fail with it, and the last good one would be gone.
            raise BundleRefused(f"the policy in the bundle does not load: {error.faults[0]}") from error
        self.state = replace(self.state, mark=mark, group=manifest.group, version=manifest.version)
        _LOG.info("bundle for %s, version %s, is here", manifest.group, manifest.version)

    def _fail(self, fault: str, *, refused: bool) -> None:
        failed = replace(self.state, tried=time.time(), failures=self.state.failures + 1, fault=fault, refused=refused)
        self._note(failed)

    def _note(self, state: BundleState) -> None:
        self.state = state
        try:
            bundle_state.write(self.folder, state)
        except OSError as error:
            _LOG.error("cannot write %s: %s", bundle_state.place(self.folder), error.strerror)

    def pause(self) -> float:
        """Seconds until the next look."""
        longer = float(min(2 ** min(self.state.failures, 10), _MOST_INTERVALS))
        return self.every * longer * random.uniform(1 - _JITTER, 1 + _JITTER)  # noqa: S311 - no secret

    def run(self) -> None:
        """Look for as long as the process runs."""
        while True:
            before = self.state.fault
            if not self.look() and self.state.fault != before:
                _LOG.error("no bundle taken, the last good one stays: %s", self.state.fault)
            time.sleep(self.pause())
