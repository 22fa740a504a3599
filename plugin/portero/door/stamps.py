"""Stamps for clients, by the door's private key; one is used again for some seconds, so that it is verified once."""

import os
from collections.abc import Sequence
from pathlib import Path

from portero.files.whole_files import read_regular_file, write_whole
from portero.identity import door_stamp
from portero.identity.door_stamp import PrivateKey

# Seconds. Most of a stamp's minute is left for a dockerd that is slow to ask.
_USED_AGAIN = 15
_MAX_KEPT = 1024
_FOLDER, _PRIVATE, _STATE, _PUBLIC = 0o750, 0o440, 0o700, 0o644


class Stamps:
    """Made for one boot of this host."""

    def __init__(self, key: PrivateKey, boot: str) -> None:
        self._key = key
        self._boot = boot
        self._kept: dict[tuple[str, ...], tuple[str, float]] = {}

    @classmethod
    def read(cls, file: Path) -> "Stamps":
        """By the key in this file; raises OSError, and ValueError for another kind of file."""
        return cls(door_stamp.load_private_key(read_regular_file(file)), door_stamp.read_boot())

    def make(self, door: str, user: str, groups: Sequence[str], now: float) -> str:
        """A stamp at a time, in seconds since 1970."""
        of = (door, user, *groups)
        stamp, made = self._kept.get(of, ("", 0.0))
        if not made <= now < made + _USED_AGAIN:
            if len(self._kept) >= _MAX_KEPT:
                self._kept.clear()
            stamp = door_stamp.make_stamp(self._key, self._boot, door, user, groups, int(now))
            self._kept[of] = (stamp, now)
        return stamp


def put_key(private: Path, public: Path, group: int, *, anew: bool) -> None:
    """Make the key unless there is one; raises OSError. A private half that cannot be read is replaced.

    Both are root's: the account of this group reads the private half, and changes nothing.
    """
    data = b""
    try:
        shown = b"" if anew else door_stamp.spell_public(door_stamp.load_private_key(read_regular_file(private)))
    except (FileNotFoundError, ValueError):
        shown = b""
    if not shown:
        data, shown = door_stamp.make_key()
        private.parent.mkdir(mode=_FOLDER, parents=True, exist_ok=True)
        write_whole(private, data, _PRIVATE, synced=True)
    for path in (private.parent, private):
        os.chown(path, os.geteuid(), group)
    public.parent.mkdir(mode=_STATE, parents=True, exist_ok=True)
    write_whole(public, shown, _PUBLIC, synced=True)
