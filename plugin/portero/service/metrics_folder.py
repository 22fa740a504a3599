"""The folder in which several processes count together, as prometheus_client's multiprocess mode wants it.

Each process writes to files of its own, under a name that the next one takes over when it has ended: counts go on, and
no files pile up at reloads.
"""

import itertools
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from prometheus_client import values

from portero.locks import try_lock

# Under systemd's ProtectSystem=strict /tmp cannot be written.
_MEMORY = Path("/dev/shm")  # noqa: S108 - mkdtemp makes the folder
_PREFIX = "portero-metrics-"
_VARIABLE = "PROMETHEUS_MULTIPROC_DIR"
# What all label values need, several times over.
_ROOM = {"counter": 1 << 18, "gauge_mostrecent": 1 << 16, "histogram": 1 << 16}


@contextmanager
def shared_folder(above: Path | None = None) -> Iterator[Path]:
    """A folder for this process and those it makes, which count in it until the end; then this one removes it.

    `above`: where, instead of memory or the folder of temporary files. Raises OSError when there is no room.
    """
    name, owner, alone = _make(above), os.getpid(), values.ValueClass
    os.environ[_VARIABLE] = str(name.folder)
    values.ValueClass = values.MultiProcessValue(name)  # type: ignore[no-untyped-call]  # has no types
    try:
        yield name.folder
    finally:
        if os.getpid() == owner:
            values.ValueClass = alone
            os.environ.pop(_VARIABLE, None)
            shutil.rmtree(name.folder, ignore_errors=True)


def _make(above: Path | None) -> "_Name":
    """Without `above` in memory or, as any user can fill that, in the folder of temporary files."""
    try:
        return _make_in(above or _MEMORY)
    except OSError:
        if above is not None:
            raise
        # Asked for only now: with ProtectSystem=strict there is no such folder.
        return _make_in(Path(tempfile.gettempdir()))


def _make_in(above: Path) -> "_Name":
    _remove_left_behind(above)
    return _made(above)


def _made(above: Path) -> "_Name":
    """The folder, with its lock taken before others can take it for one that was left behind."""
    made = Path(tempfile.mkdtemp(prefix="new-" + _PREFIX, dir=above))
    name = _Name(made)
    try:
        name()
    except OSError:
        shutil.rmtree(made, ignore_errors=True)
        raise
    name.folder = made.rename(above / made.name.removeprefix("new-"))
    return name


class _Name:
    """Names this process among those that share the folder: the first number whose lock is free."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._number = ""
        # prometheus_client asks at every count: too often to look each time whether this is another process.
        os.register_at_fork(after_in_child=self._forget)

    def _forget(self) -> None:
        self._number = ""

    def __call__(self) -> str:
        return self._number or self._take()

    def _take(self) -> str:
        for number in itertools.count():
            lock = _lock(self.folder / f"{number}.lock")
            if lock is not None:
                try:
                    self._make_room(number)
                except OSError:
                    # The next count tries again; it must not take a descriptor each time.
                    os.close(lock)
                    raise
                break
        self._number = str(number)
        return self._number

    def _make_room(self, number: int) -> None:
        """A memory-mapped file whose blocks are not there yet kills its process when the disk is full."""
        for kind, room in _ROOM.items():
            with open(self.folder / f"{kind}_{number}.db", "ab") as file:
                os.posix_fallocate(file.fileno(), 0, room)


def _lock(file: Path) -> int | None:
    """A descriptor that holds the lock until it is closed; None: another process holds it."""
    descriptor = os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    if try_lock(descriptor):
        return descriptor
    os.close(descriptor)
    return None


def _remove_left_behind(above: Path) -> None:
    """Folders of processes that were killed; a living one holds the lock of its own."""
    for folder in above.glob(_PREFIX + "*"):
        with suppress(OSError):
            if folder.lstat().st_uid != os.geteuid() or not (folder / "0.lock").is_file():
                continue
            held = _lock(folder / "0.lock")
            if held is not None:
                shutil.rmtree(folder, ignore_errors=True)
                os.close(held)
