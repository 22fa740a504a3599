"""Bytes from one socket to another through a pipe of the kernel (splice(2)): they are not copied into this process.

A direction borrows a pipe while bytes are under way; idle connections hold none.
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
_SPARE = 16
# At once, with 16 MiB of the kernel's memory.
_MAX_PIPES = 64
_PIECE = 1 << 16
# So often in one go; then the other connections have their turn.
_ROUNDS = 8
_FLAGS = os.SPLICE_F_NONBLOCK | os.SPLICE_F_MOVE

Pipe: TypeAlias = tuple[int, int]


def _make_pipe() -> Pipe:
    pipe = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
    with suppress(OSError):  # beyond the user's limit (pipe-user-pages-soft) it is slower
        fcntl.fcntl(pipe[1], fcntl.F_SETPIPE_SZ, _SIZE)
    return pipe


class PipePool:
    """Empty pipes for directions that have bytes to pass on."""

    def __init__(self) -> None:
        self._spare: list[Pipe] = []
        self._share = Share(_MAX_PIPES)

    def take(self, client: Client) -> Pipe | None:
        """An empty pipe; None: the client has its share. Raises OSError while the process has no descriptor left."""
        if not self._spare:
            self._spare.append(_make_pipe())
        return self._spare.pop() if self._share.resize(client, 0, 1) else None

    def give_back(self, client: Client, pipe: Pipe, *, is_empty: bool) -> None:
        """Take a pipe again, or close one that is not needed."""
        self._share.resize(client, 1, 0)
        if is_empty and len(self._spare) < _SPARE:
            self._spare.append(pipe)
            return
        for end in pipe:
            os.close(end)


@dataclass(slots=True)
class Direction:
    """Passes on what `source` sends to `target`, after `first`; then its end, by closing that half.

    `filter` says what goes instead. `done`: nothing more goes this way. `fails`: the target takes nothing more.
    """

    source: socket.socket
    target: socket.socket
    pool: PipePool
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
            self.pool.give_back(self.client, self._pipe, is_empty=self._pending == 0)
            self._pipe = None

    def _move_once(self) -> bool:
        try:
            if not self.first and self._pending == 0 and not (self._feed() if self.filter else self._fill()):
                return False
            self._drain()
        except BlockingIOError:
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

    def _copy(self) -> bool:
        """Pass on a piece that stays at the source until the target has it: nothing waits here."""
        try:
            piece = self.source.recv(_PIECE, socket.MSG_PEEK)
        except ConnectionError:
            piece = b""
        if not piece:
            self._end(fails=False)
            return False
        passed = self.target.send(piece)
        while passed:
            passed -= len(self.source.recv(passed))
        return True

    def _fill(self) -> bool:
        """Whether there may be something in the pipe; at the source's end there is not."""
        if self._pipe is None:
            self._pipe = self.pool.take(self.client)
        if self._pipe is None:
            return self._copy()
        try:
            self._pending = os.splice(self.source.fileno(), self._pipe[1], _SIZE, flags=_FLAGS)
        except BlockingIOError:
            self.drop()
            raise
        except OSError:
            # A reset is an end.
            self._pending = 0
        if self._pending == 0:
            self._end(fails=False)
        return self._pending > 0

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
