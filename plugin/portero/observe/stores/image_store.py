"""The records that were fetched, verified when they are first seen: a digest in, who vouches for it out.

A record that was verified is cached while its file stays the same one; the policy has its own store.
"""

import copy
import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from portero.decide.images import record
from portero.decide.images.trust import ImageTrust, RecordUnreadable, TooManyAtOnce, Verified
from portero.observe.files.whole_files import read_regular_file, stamp_file

if TYPE_CHECKING:  # slow to load, and needed only where a site lists keys
    from portero.decide.images.verification import SiteKey

_MAX_CACHED = 1024
# What one request may have verified that was not seen before, in signatures and KiB: either takes at most 0.1 ms.
_ROOM = 1024


class ImageStore:
    """The folder that `portero images fetch` writes, and the trust of one policy. Used by several threads."""

    def __init__(self, folder: Path, trust: ImageTrust) -> None:
        self.folder = folder
        self.trust = trust
        # By digest: device, inode, size and times of the file, and what holds of it.
        self._cached: dict[str, tuple[tuple[int, ...], Verified | RecordUnreadable]] = {}
        self._room: float = float("inf")
        self._keys: Mapping[str, SiteKey] = {}
        if trust.keys:
            from portero.decide.images.verification import index_keys

            self._keys = index_keys(trust.keys)

    def for_request(self) -> "ImageStore":
        one = copy.copy(self)
        one._room = _ROOM
        return one

    def find(self, digest: str) -> Verified | None:
        file = locate_record(self.folder, digest)
        try:
            stat = os.lstat(file)
            mark = stamp_file(stat)
            cached = self._cached.get(digest)
            if cached is None or cached[0] != mark:
                if self._room <= 0:
                    raise TooManyAtOnce("one request names too many images that were not used before")
                self._room -= 1 + stat.st_size // 1024
                cached = mark, self._verify(digest, read_regular_file(file, record.MAX_RECORD, follows=False))
                if len(self._cached) >= _MAX_CACHED:
                    self._cached.clear()
                self._cached[digest] = cached
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            raise RecordUnreadable(f"what was fetched cannot be read ({error.strerror})") from error
        if isinstance(cached[1], RecordUnreadable):
            raise RecordUnreadable(*cached[1].args)
        return cached[1]

    def _verify(self, digest: str, data: bytes) -> Verified | RecordUnreadable:
        """A refusal is cached as well: it takes as long to find."""
        read = record.parse_record(data)
        if read is None:
            return RecordUnreadable("what was fetched is damaged")
        # Slow to load, and needed only where a site lists keys: with these it has been loaded.
        from portero.decide.images.verification import verify_record

        self._room -= len(read.signatures)
        return verify_record(digest, read, self._keys)


def locate_record(folder: Path, digest: str) -> Path:
    """The file about a digest (sha256:...)."""
    return folder / f"{digest.removeprefix('sha256:')}.json"
