"""Names and groups of the host's accounts by uid, from the name service (NSS), asked by threads: it can hang."""

import grp
import logging
import os
import pwd
import time
from collections.abc import Callable
from dataclasses import dataclass
from queue import SimpleQueue

from portero.identity.trusted import is_name
from portero.threads import start_thread

_LOG = logging.getLogger(__name__)
_THREADS = 4
# Seconds; a new member of a group is known after them.
_KEPT = 30.0
_MAX_KEPT = 4096
_MAX_GROUPS = 256


@dataclass(frozen=True, slots=True)
class Account:
    """`user`: empty when the name service knows no account of this uid, or did not answer."""

    user: str = ""
    groups: tuple[str, ...] = ()


UNKNOWN = Account()


def read_account(uid: int) -> Account:
    """The account with its groups, its primary one first; UNKNOWN for none."""
    try:
        entry = pwd.getpwuid(uid)
        ids = os.getgrouplist(entry.pw_name, entry.pw_gid)
    except (KeyError, OSError):
        return UNKNOWN
    groups = tuple(dict.fromkeys(name for id in ids[:_MAX_GROUPS] if is_name(name := _name_group(id))))
    return Account(entry.pw_name, groups) if is_name(entry.pw_name) else UNKNOWN


def _name_group(id: int) -> str:
    """A group without a name is none that a policy lists."""
    try:
        return grp.getgrgid(id).gr_name
    except (KeyError, OSError):
        return ""


class AccountLookup:
    """What is known of accounts. `wake` is called from a thread when an answer has come."""

    def __init__(self, wake: Callable[[], None], read: Callable[[int], Account] = read_account) -> None:
        self._wake = wake
        self._read = read
        self._asked: set[int] = set()
        self._known: dict[int, tuple[Account, float]] = {}
        self._queue: SimpleQueue[int] = SimpleQueue()
        self._is_started = False

    def find(self, uid: int) -> Account | None:
        """The account; None while the name service is asked."""
        known = self._known.get(uid)
        if known is not None and time.monotonic() < known[1]:
            return known[0]
        if uid not in self._asked:
            self._start()
            self._asked.add(uid)
            self._queue.put(uid)
        return None

    def _start(self) -> None:
        if not self._is_started:
            self._is_started = True
            for number in range(_THREADS):
                start_thread(f"accounts-{number}", self._answer)

    def _answer(self) -> None:
        while True:
            uid = self._queue.get()
            account = UNKNOWN
            try:
                account = self._read(uid)
            finally:
                if len(self._known) >= _MAX_KEPT:
                    self._known.clear()
                # Who is unknown may be known in a moment, when the name service has come up.
                seconds = _KEPT if account is not UNKNOWN else 1.0
                self._known[uid] = (account, time.monotonic() + seconds)
                self._asked.discard(uid)
                self._wake()
