"""A door as a process of its own before a stand-in for dockerd, and clients that take what they can get."""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from portero.decide.identity import key_pairs
from portero.observe.files.whole_files import write_whole
from tests.door.running import ANSWER, KEY, connect, receive_all

LABELS = "labels"
_SITE = {
    "ownership": "owner",
    "operators": [],
    "operator-groups": [],
    "user-groups": {},
    "door-lists": {},
}
GET = b"GET /_ping HTTP/1.1\r\nHost: docker\r\n\r\n"
STREAM = b"GET /events HTTP/1.1\r\nHost: docker\r\n\r\n"
BULK = b"GET /bulk HTTP/1.1\r\nHost: docker\r\n\r\n"
_PIECE = b"\0" * (1 << 16)


def _answer(client: socket.socket) -> None:
    with client, suppress(OSError):
        seen = b""
        while b"\r\n\r\n" not in seen and (piece := client.recv(1 << 16)):
            seen += piece
        if b" /_ping " in seen or b" /grpc " in seen:
            client.sendall(ANSWER)
            return
        if b" /volumes/" not in seen:
            client.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        while b" /bulk " in seen:
            client.sendall(_PIECE)
        client.recv(1)


def _stand_in(path: Path) -> None:
    """Runs in a process of its own; a thread for each connection."""
    threading.stack_size(1 << 16)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen(4096)
        while True:
            client, _ = listener.accept()
            threading.Thread(target=_answer, args=(client,), daemon=True).start()


class Door:
    """The process, by its number."""

    def __init__(self, folder: Path, process: int) -> None:
        self.folder = folder
        self._process = process

    def read_memory(self) -> float:
        """MiB that it has of its own."""
        lines = Path(f"/proc/{self._process}/status").read_text().splitlines()
        return int(next(line for line in lines if line.startswith("VmRSS")).split()[1]) / 1024

    def path(self, name: str) -> Path:
        return self.folder / name / "docker.sock"

    def time_ping(self, name: str) -> float:
        """Seconds until a client of this door has its answer."""
        begun = time.monotonic()
        with connect(self.path(name)) as client:
            client.sendall(GET)
            assert receive_all(client) == ANSWER
        return time.monotonic() - begun


def expect_service(door: Door, name: str, held: Sequence[socket.socket]) -> None:
    """That another client has its ping in time while these connections are held, and the door its memory; they end."""
    pings = sorted(door.time_ping(name) for _ in range(10))
    memory = door.read_memory()
    for one in held:
        one.close()
    # 36 MiB, and 32 MiB at most that wait.
    assert memory < 96
    # The last ones may meet a machine that is busy with other things.
    assert pings[-2] <= 0.5


@contextmanager
def separate_door(folder: Path, names: Sequence[str], labels: Sequence[str] = (LABELS,)) -> Iterator[Door]:
    """`labels`: the doors that write an owner's label, for which they hold bodies."""
    dockerd = folder / "dockerd.sock"
    write_whole(folder / "key", key_pairs.encode_private(KEY), 0o400, synced=False)
    # Lists of a door that the policy does not name pass: the plugin refuses them.
    doors = [{"name": name, "label": True} for name in labels]
    (folder / "doors.json").write_text(json.dumps({**_SITE, "doors": doors}))
    for name in names:
        (folder / name).mkdir()
    stand_in = os.fork()
    if stand_in == 0:
        try:
            _stand_in(dockerd)
        finally:
            os._exit(1)
    listens = [f"--listen={name}={folder / name / 'docker.sock'}" for name in names]
    files = ["--dockerd", str(dockerd), "--key", str(folder / "key"), "--owners", str(folder / "doors.json")]
    with subprocess.Popen([sys.executable, "-m", "portero.door.serve", *files, *listens]) as process:
        door = Door(folder, process.pid)
        try:
            until = time.monotonic() + 20
            while not (door.path(names[-1]).exists() and dockerd.exists()):
                assert time.monotonic() < until
                time.sleep(0.02)
            time.sleep(0.1)
            yield door
        finally:
            process.terminate()
            os.kill(stand_in, signal.SIGKILL)
            os.waitpid(stand_in, 0)


def take_connections(path: Path, first: bytes, at_most: int) -> list[socket.socket]:
    """Connections that have sent this and read nothing; until the door takes no more."""
    held = []
    for _ in range(at_most):
        client = socket.socket(socket.AF_UNIX)
        client.settimeout(2)
        try:
            client.connect(str(path))
            client.sendall(first)
        except OSError:
            client.close()
            continue
        held.append(client)
    return held
