"""Verifies stamps by the public half of the door's key: a file of this host beside Portero's state, root's like that.

No policy can name another key. Stamps that were verified are kept by digest until they end.
"""

import os
import stat
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

from portero.decide.identity.trusted import STAMP_HEADER
from portero.decide.values.dataclass import dataclass, field
from portero.decide.values.refusals import Refused
from portero.observe.files.whole_files import stamp_file

if TYPE_CHECKING:  # slow to load, and needed only where there is a door
    from portero.decide.identity.door_stamp import Stamp
    from portero.decide.identity.key_pairs import PublicKey

_MAX_CACHED = 1024
_OTHERS_WRITE = stat.S_IWGRP | stat.S_IWOTH


@dataclass(slots=True)
class DoorKey:
    """The public half in `file`, read by `read` when it has changed."""

    file: Path
    read: Callable[[Path], bytes]
    _read: "tuple[tuple[int, ...], PublicKey, str] | None" = field(default=None, init=False)
    _verified: "dict[bytes, Stamp]" = field(default_factory=dict, init=False)

    def read_stamp(self, text: str, time: float) -> "Stamp":
        key, boot = self._find_key()
        digest = sha256(text.encode(errors="surrogatepass")).digest()
        stamp = self._verified.get(digest)
        if stamp is None:
            from portero.decide.identity import door_stamp

            stamp = door_stamp.read_stamp(text, key, boot)
            if len(self._verified) >= _MAX_CACHED:
                self._verified.clear()
            self._verified[digest] = stamp
        if not stamp.is_valid(time):
            self._verified.pop(digest, None)
            raise Refused("door-expired", STAMP_HEADER)
        return stamp

    def _find_key(self) -> "tuple[PublicKey, str]":
        try:
            status = os.stat(self.file)
        except (FileNotFoundError, NotADirectoryError):
            raise Refused("door-invalid", STAMP_HEADER) from None
        except OSError:
            raise Refused("host-unreadable", STAMP_HEADER) from None
        seen = stamp_file(status)
        if self._read is None or self._read[0] != seen:
            # Who else may write it could name any user.
            if status.st_uid not in (0, os.geteuid()) or status.st_mode & _OTHERS_WRITE:
                raise Refused("door-invalid", STAMP_HEADER)
            self._read = (seen, *self._load())
            self._verified = {}
        return self._read[1:]

    def _load(self) -> "tuple[PublicKey, str]":
        from portero.decide.identity import key_pairs

        try:
            key, boot = key_pairs.parse_public_key(self.read(self.file)), read_boot()
        except OSError:
            raise Refused("host-unreadable", STAMP_HEADER) from None
        if key is None:
            raise Refused("door-invalid", STAMP_HEADER)
        return key, boot


def read_boot() -> str:
    """The name of this boot of this host, the same in containers, and on no other host (random(4)); raises OSError."""
    return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
