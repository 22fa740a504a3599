"""A door before a stand-in for dockerd, in threads of the test: what reaches dockerd is noted as it came."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from portero.door.loop import DoorLoop
from portero.door.serve import listen_at
from portero.door.stamps import Stamps
from portero.door.treatment import Treat, pass_as_it_came

KEY = Ed25519PrivateKey.generate()
BOOT = "boot"
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nOK"


@dataclass
class Upstream:
    """Stands for dockerd: `seen` has all bytes of each connection; `serve` answers one, after its head has come."""

    path: Path
    serve: Callable[[socket.socket], None]
    seen: list[bytearray] = field(default_factory=list)

    def run(self, listener: socket.socket) -> None:
        with suppress(OSError):
            while True:
                client, _ = listener.accept()
                threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        seen = bytearray()
        self.seen.append(seen)
        with client, suppress(OSError):
            while b"\r\n\r\n" not in seen and (piece := client.recv(65536)):
                seen += piece
            self.serve(client)


def answer_ok(client: socket.socket) -> None:
    client.sendall(ANSWER)


@contextmanager
def running_door(
    folder: Path,
    names: tuple[str, ...] = ("traefik", "users"),
    serve: Callable[[socket.socket], None] = answer_ok,
    treat: Treat = pass_as_it_came,
) -> Iterator[tuple[Path, Upstream, DoorLoop]]:
    """The folder with a socket for each door, and who stands for dockerd."""
    upstream = Upstream(folder / "dockerd.sock", serve)
    ended = threading.Event()
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(upstream.path))
        listener.listen(4096)
        threading.Thread(target=upstream.run, args=(listener,), daemon=True).start()
        for name in names:
            (folder / name).mkdir()
        doors = listen_at([f"{name}={folder / name / 'docker.sock'}" for name in names])
        loop = DoorLoop(doors, str(upstream.path), Stamps(KEY, BOOT), treat)

        def run() -> None:
            while not ended.is_set():
                loop.run_once(0.05)

        thread = threading.Thread(target=run)
        thread.start()
        try:
            yield folder, upstream, loop
        finally:
            ended.set()
            thread.join()
            loop.close()
            for door in doors.values():
                door.close()
            listener.shutdown(socket.SHUT_RDWR)


def connect(path: Path) -> socket.socket:
    client = socket.socket(socket.AF_UNIX)
    client.settimeout(20)
    client.connect(str(path))
    return client


def receive_all(client: socket.socket) -> bytes:
    """What comes until the other side ends."""
    pieces = []
    with suppress(ConnectionResetError):
        while piece := client.recv(1 << 20):
            pieces.append(piece)
    return b"".join(pieces)


def ask(path: Path, data: bytes) -> bytes:
    """The whole answer to these bytes."""
    with connect(path) as client:
        with suppress(BrokenPipeError):
            client.sendall(data)
        return receive_all(client)
