"""Stamps say who asks: made with the door's private key, and used again for some seconds, so verified once."""

from collections.abc import Sequence
from pathlib import Path

from portero.decide.identity import door_stamp, key_pairs
from portero.decide.identity.key_pairs import PrivateKey
from portero.observe.files.whole_files import read_regular_file
from portero.observe.stores.door_key import read_boot

# Seconds. Most of a stamp's minute is left for a dockerd that is slow to ask.
_USED_AGAIN = 15
_MAX_STAMPS = 1024


class Stamps:
    """Made for one boot of this host."""

    def __init__(self, key: PrivateKey, boot: str) -> None:
        self._key = key
        self._boot = boot
        self._cache: dict[tuple[str, ...], tuple[str, float]] = {}

    @classmethod
    def read(cls, file: Path) -> "Stamps":
        """By the key in this file; raises OSError, and ValueError for another kind of file."""
        if (key := key_pairs.parse_private_key(read_regular_file(file))) is None:
            raise ValueError("is no key of a door")
        return cls(key, read_boot())

    def make_stamp(self, door: str, user: str, groups: Sequence[str], now: float) -> str:
        """A stamp at a time, in seconds since 1970."""
        of = (door, user, *groups)
        stamp, made = self._cache.get(of, ("", 0.0))
        if not made <= now < made + _USED_AGAIN:
            if len(self._cache) >= _MAX_STAMPS:
                self._cache.clear()
            stamp = door_stamp.make_stamp(self._key, self._boot, door, user, groups, int(now))
            self._cache[of] = (stamp, now)
        return stamp
