"""Bytes from one socket to another through a pipe of the kernel (splice(2)): they are not copied into this process.

A direction borrows a pipe while bytes are under way; idle connections hold none.
"""

import fcntl
import os
import socket
from contextlib import suppress
from typing import TypeAlias

from portero.decide.values.dataclass import dataclass, field
from portero.door.treatment import AnswerFilter

_SIZE = 1 << 18
_SPARE = 16
_PIECE = 1 << 16
# So often in one go; then the other connections have their turn.
_ROUNDS = 8
_FLAGS = os.SPLICE_F_NONBLOCK | os.SPLICE_F_MOVE

Pipe: TypeAlias = tuple[int, int]


class PipePool:
    """Empty pipes for directions that have bytes to pass on."""

    def __init__(self) -> None:
        self._spare: list[Pipe] = []

    def take(self) -> Pipe:
        """An empty pipe; raises OSError while the process has no descriptor left."""
        if self._spare:
            return self._spare.pop()
        pipe = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        with suppress(OSError):  # beyond the user's limit (pipe-user-pages-soft) it is slower
            fcntl.fcntl(pipe[1], fcntl.F_SETPIPE_SZ, _SIZE)
        return pipe

    def give_back(self, pipe: Pipe, *, is_empty: bool) -> None:
        """Take a pipe again, or close one that is not needed."""
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

    def move(self) -> bool:
        """Pass on what can be passed on now; whether there may be more at once."""
        try:
            for _ in range(_ROUNDS):
                if self.done or not self._move_once():
                    return False
        except BlockingIOError:
            return False
        return True

    def drop(self) -> None:
        if self._pipe is not None:
            self.pool.give_back(self._pipe, is_empty=self._pending == 0)
            self._pipe = None

    def _move_once(self) -> bool:
        if not self.first and self._pending == 0 and not (self._feed() if self.filter else self._fill()):
            return False
        try:
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

    def _fill(self) -> bool:
        """Whether there is something in the pipe; at the source's end there is not."""
        if self._pipe is None:
            self._pipe = self.pool.take()
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
