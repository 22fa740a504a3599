"""Who connects: whether the process is in a container, and the account of its uid with its groups.

A container is a reason to refuse a process at the users' door, never an identity: a uid there is the same number as a
uid of the host. The process is held by a descriptor (SO_PEERPIDFD, Linux 6.5; pidfd_open(2) before), so that what is
read of its number is about this process. Accounts are from the name service (NSS), asked by threads: it can hang.
"""

import errno
import grp
import os
import pwd
import select
import socket
import time
from collections.abc import Callable
from queue import SimpleQueue

from portero.decide.identity.trusted import is_name
from portero.decide.values.dataclass import dataclass
from portero.observe.dockerd.peer import read_peer
from portero.observe.dockerd.proc import parse_containers
from portero.observe.process.threads import start_thread

_THREADS = 4
# Seconds; a new member of a group is known after them.
_CACHED_SECONDS = 30.0
_MAX_CACHED = 4096
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
    """No policy lists a group without a name."""
    try:
        return grp.getgrgid(id).gr_name
    except (KeyError, OSError):
        return ""


class AccountLookup:
    """What is known of accounts. `wake` is called from a thread when an answer has come."""

    def __init__(self, wake: Callable[[], None], read: Callable[[int], Account] = read_account) -> None:
        self._wake = wake
        self._read = read
        self._pending: set[int] = set()
        self._cache: dict[int, tuple[Account, float]] = {}
        self._queue: SimpleQueue[int] = SimpleQueue()
        self._is_started = False

    def find_account(self, uid: int) -> Account | None:
        """The account; None while the name service is asked."""
        cached = self._cache.get(uid)
        if cached is not None and time.monotonic() < cached[1]:
            return cached[0]
        if uid not in self._pending:
            self._start()
            self._pending.add(uid)
            self._queue.put(uid)
        return None

    def is_known(self, uid: int) -> bool:
        """Whether the name service has named an account, however long ago."""
        return self._cache.get(uid, (UNKNOWN, 0.0))[0] is not UNKNOWN

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
                if len(self._cache) >= _MAX_CACHED:
                    # Those without an account first: a user may have thousands of numbers.
                    cached = self._cache.copy()
                    self._cache = {number: one for number, one in cached.items() if one[0] is not UNKNOWN}
                    if len(self._cache) >= _MAX_CACHED:
                        self._cache.clear()
                # Who is unknown may be known in a moment, when the name service has come up.
                seconds = _CACHED_SECONDS if account is not UNKNOWN else 1.0
                self._cache[uid] = (account, time.monotonic() + seconds)
                self._pending.discard(uid)
                self._wake()


_SO_PEERPIDFD = 77


class ClientProcesses:
    """Looks at the processes of clients. A door in a container has clients there: its own container does not count."""

    def __init__(self, proc: str = "/proc") -> None:
        self._proc = proc
        self._own_ids = self._list_ids("self")

    def is_trusted(self, client: socket.socket) -> bool:
        """Whether the process still runs and is in no container; raises OSError when that cannot be read."""
        descriptor = _hold(client)
        if descriptor is None:
            return False
        try:
            pid = read_peer(client).pid
            # While the process that is held has not ended, the number is its own.
            return pid > 0 and self._list_ids(str(pid)) <= self._own_ids and not _has_ended(descriptor)
        except (FileNotFoundError, ProcessLookupError):
            if not _has_ended(descriptor):
                raise
            return False
        finally:
            os.close(descriptor)

    def _list_ids(self, process: str) -> frozenset[str]:
        # Unbuffered, and without pathlib: half the time, for each connection.
        with open(f"{self._proc}/{process}/cgroup", "rb", buffering=0) as file:
            return parse_containers(file.readall().decode(errors="surrogateescape"))


def _hold(client: socket.socket) -> int | None:
    """A descriptor of the process; None when it has ended."""
    try:
        return client.getsockopt(socket.SOL_SOCKET, _SO_PEERPIDFD)
    except OSError as error:
        if error.errno in (errno.ESRCH, errno.EINVAL):
            return None
        if error.errno != errno.ENOPROTOOPT:
            raise
    try:
        return os.pidfd_open(read_peer(client).pid)
    except ProcessLookupError:
        return None


def _has_ended(descriptor: int) -> bool:
    poll = select.poll()
    poll.register(descriptor, select.POLLIN)
    return bool(poll.poll(0))
