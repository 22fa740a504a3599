"""The records that were fetched, verified when they are first seen: a digest in, who vouches for it out.

A record that was verified is kept in memory while its file stays the same one; the policy has a store of its own.
"""

import os
from pathlib import Path

from portero.files.whole_files import read_regular_file
from portero.images import record
from portero.images.record import RecordRefused
from portero.images.trust import ImageTrust, Verified

_MAX_KEPT = 1024


class RecordUnreadable(Exception):
    """One sentence without its subject: why what was fetched cannot be used."""


class ImageStore:
    """The folder that `portero images fetch` writes, and the trust of one policy. Used by several threads."""

    def __init__(self, folder: Path, trust: ImageTrust) -> None:
        self.folder = folder
        self.trust = trust
        # By digest: device, inode, size and times of the file, and what holds of it.
        self._kept: dict[str, tuple[tuple[int, ...], Verified | RecordUnreadable]] = {}

    def find(self, digest: str) -> Verified | None:
        """Who vouches for a digest (sha256:...); None: nothing was fetched about it. Raises RecordUnreadable."""
        file = record.locate(self.folder, digest)
        try:
            stat = os.lstat(file)
            mark = (stat.st_dev, stat.st_ino, stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns)
            kept = self._kept.get(digest)
            if kept is None or kept[0] != mark:
                kept = mark, self._verify(digest, read_regular_file(file, record.MAX_RECORD, follows=False))
                if len(self._kept) >= _MAX_KEPT:
                    self._kept.clear()
                self._kept[digest] = kept
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            raise RecordUnreadable(f"what was fetched cannot be read ({error.strerror})") from error
        if isinstance(kept[1], RecordUnreadable):
            raise RecordUnreadable(*kept[1].args)
        return kept[1]

    def _verify(self, digest: str, data: bytes) -> Verified | RecordUnreadable:
        """A refusal is kept as well: it takes as long to find."""
        try:
            read = record.read(data)
        except RecordRefused:
            return RecordUnreadable("what was fetched is damaged")
        # Slow to load, and needed only where a site lists keys: with these it has been loaded.
        from portero.images.verification import verify_record

        return verify_record(digest, read, self.trust.keys)
