"""Stamps for clients, by the door's private key; one is used again for some seconds, so that it is verified once."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from portero.identity import door_stamp

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

# Seconds. Most of a stamp's minute is left for a dockerd that is slow to ask.
_USED_AGAIN = 15
_MAX_KEPT = 1024


class Stamps:
    """Made for one boot of this host."""

    def __init__(self, key: "Ed25519PrivateKey", boot: str) -> None:
        self._key = key
        self._boot = boot
        self._kept: dict[tuple[str, ...], tuple[str, float]] = {}

    @classmethod
    def read(cls, file: Path) -> "Stamps":
        """By the key in this file; raises OSError, and ValueError for another kind of file."""
        return cls(door_stamp.read_private_key(file), door_stamp.read_boot())

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
