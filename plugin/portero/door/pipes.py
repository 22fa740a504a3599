"""Bytes from one socket to another: a few are copied, more go through a pipe of the kernel (splice(2)) and are not.

A direction has a pipe while such bytes are under way; idle connections hold none.
"""

import fcntl
import os
import socket
from contextlib import suppress
from typing import TypeAlias

from portero.decide.values.dataclass import dataclass, field
from portero.door.shares import Client, Share
from portero.door.treatment import AnswerFilter

_SIZE = 1 << 18
# At once, with 16 MiB of the kernel's memory.
_MAX_PIPES = 64
# What fills a piece goes through a pipe.
_PIECE = 1 << 16
# Of all connections, since there is one thread: bytes that come and go leave no holes in the heap.
READ = memoryview(bytearray(_PIECE))
# So often in one go; then the other connections have their turn.
_ROUNDS = 8
_FLAGS = os.SPLICE_F_NONBLOCK | os.SPLICE_F_MOVE

Pipe: TypeAlias = tuple[int, int]


def _make_pipe() -> Pipe:
    pipe = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
    with suppress(OSError):  # beyond the user's limit (pipe-user-pages-soft) it is slower
        fcntl.fcntl(pipe[1], fcntl.F_SETPIPE_SZ, _SIZE)
    return pipe


class Pipes:
    """Pipes for directions that have much to pass on, of which each client has a share."""

    def __init__(self) -> None:
        self._share = Share(_MAX_PIPES)

    def take(self, client: Client) -> Pipe | None:
        """An empty pipe; None: the client has its share, or the process has no descriptor left."""
        if self._share.resize(client, 0, 1):
            with suppress(OSError):
                return _make_pipe()
            self._share.resize(client, 1, 0)
        return None

    def close(self, client: Client, pipe: Pipe) -> None:
        self._share.resize(client, 1, 0)
        for end in pipe:
            os.close(end)


@dataclass(slots=True)
class Direction:
    """Passes on what `source` sends to `target`, after `first`; then its end, by closing that half.

    `filter` says what goes instead. `done`: nothing more goes this way. `fails`: the target takes nothing more.
    """

    source: socket.socket
    target: socket.socket
    pipes: Pipes
    client: Client = ""
    first: bytes = b""
    filter: AnswerFilter | None = None
    done: bool = False
    fails: bool = False
    _pipe: Pipe | None = field(default=None, init=False)
    _pending: int = field(default=0, init=False)
    _is_last: bool = field(default=False, init=False)

    @property
    def is_cut(self) -> bool:
        """Whether the filter has ended the connection."""
        return self.filter is not None and self.filter.ended

    @property
    def held(self) -> int:
        """How many bytes wait in this process."""
        return len(self.first) + (self.filter.held if self.filter else 0)

    def move(self) -> bool:
        """Pass on what can be passed on now; whether there may be more at once."""
        try:
            for _ in range(1 if self.filter else _ROUNDS):
                if self.done or not self._move_once():
                    return False
        except BlockingIOError:
            return False
        return True

    def drop(self) -> None:
        if self._pipe is not None:
            self.pipes.close(self.client, self._pipe)
            self._pipe = None

    def _move_once(self) -> bool:
        try:
            if not self.first and self._pending == 0 and not (self._feed() if self.filter else self._fill()):
                return False
            self._drain()
        except BlockingIOError:
            if not self._pending:
                self.drop()
            raise
        except OSError:
            self._end(fails=True)
        return not self.done

    def _feed(self) -> bool:
        """Whether more may come; what the filter gives is `first`."""
        assert self.filter is not None  # noqa: S101 - the caller looked
        try:
            piece = b"" if self._is_last else self.source.recv(_PIECE)
        except ConnectionError:
            piece = b""
        if self._is_last:
            self._end(fails=False)
            return False
        self.first = self.filter.feed(piece) if piece else self.filter.end()
        self._is_last = not piece or self.filter.ended
        return True

    def _fill(self) -> bool:
        """Whether bytes were copied, or are in the pipe; at the source's end there are none."""
        try:
            size = self.source.recv_into(READ, _PIECE, socket.MSG_PEEK)
            self._pipe = self.pipes.take(self.client) if size == _PIECE else None
            if self._pipe is not None:
                self._pending = size = os.splice(self.source.fileno(), self._pipe[1], _SIZE, flags=_FLAGS)
        except ConnectionError:
            # A reset is an end.
            size = 0
        if not size:
            self._end(fails=False)
        elif self._pipe is None:
            # They stay at the source until the target has them: nothing waits here.
            passed = self.target.send(READ[:size])
            while passed:
                passed -= self.source.recv_into(READ, passed)
        return size > 0

    def _drain(self) -> None:
        while self.first:
            self.first = self.first[self.target.send(self.first) :]
        while self._pending and self._pipe is not None:
            self._pending -= os.splice(self._pipe[0], self.target.fileno(), self._pending, flags=_FLAGS)
        self.drop()

    def _end(self, *, fails: bool) -> None:
        self.drop()
        self.done, self.fails = True, fails
        if not fails:
            try:
                self.target.shutdown(socket.SHUT_WR)
            except OSError:
                self.fails = True
