"""A descriptor of a container's folder, passed on over a socket to a process of another container (SCM_RIGHTS).

Busybox has no program for it. So the receiver is a Python of the host in the process namespace of its container, and
ends with it; each side finds socket and folder through the root of its own container alone.
"""

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import PurePosixPath

from .guarded import GuardedDocker

_RECEIVER = """
import os, socket, sys
os.chdir(sys.argv[1])
server = socket.socket(socket.AF_UNIX)
server.bind(sys.argv[2])
server.listen()
print("ready", flush=True)
held = -1
while True:
    client, _ = server.accept()
    data, descriptors, *_ = socket.recv_fds(client, 4096, 1)
    try:
        if descriptors:
            held = descriptors[0]
        else:
            inner, target = data.decode().split("|")
            os.rename(inner, inner + ".old", src_dir_fd=held, dst_dir_fd=held)
            os.symlink(target, inner, dir_fd=held)
        client.send(b"done")
    except OSError as error:
        client.send(error.strerror.encode())
    client.close()
"""


class Receiver:
    """A process of a container that listens at a path there. OSError: the container does not run, or cannot listen."""

    def __init__(self, docker: GuardedDocker, container: str, path: str) -> None:
        self._docker = docker
        self._name = PurePosixPath(path).name
        pid = _find_pid(docker, container)
        folder = f"/proc/{pid}/root{PurePosixPath(path).parent}"
        words = ["nsenter", f"--pid=/proc/{pid}/ns/pid", "--", sys.executable, "-c", _RECEIVER, folder, self._name]
        self._process = subprocess.Popen(
            docker.host.inside(words), stdout=subprocess.PIPE, stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        assert self._process.stdout is not None
        if self._process.stdout.readline() != b"ready\n":
            self._end_process()
            raise OSError("cannot listen there")
        # What listens is found from outside as long as this folder is open, whatever is mounted over it or removed.
        self._folder = os.open(docker.host.path(folder), os.O_PATH)

    def take(self, container: str, folder: str, path: str) -> str:
        """Have a container that runs pass on a descriptor of a folder, at the path where it finds the socket."""
        root = f"/proc/{_find_pid(self._docker, container)}/root"
        meeting = os.open(self._docker.host.path(f"{root}{PurePosixPath(path).parent}"), os.O_PATH)
        passed = os.open(self._docker.host.path(f"{root}{folder}"), os.O_PATH | os.O_DIRECTORY)
        try:
            return self._send(meeting, b"take", passed)
        finally:
            os.close(meeting)
            os.close(passed)

    def swap(self, inner: str, target: str) -> str:
        """Replace what lies in the folder of the descriptor by a link."""
        return self._send(self._folder, f"{inner}|{target}".encode())

    def _send(self, folder: int, data: bytes, *descriptors: int) -> str:
        with socket.socket(socket.AF_UNIX) as client:
            client.settimeout(5)
            client.connect(f"/proc/self/fd/{folder}/{self._name}")
            socket.send_fds(client, [data], descriptors)
            return client.recv(4096).decode()

    def end(self) -> None:
        """Wait for the end of its container a moment, and end what is left."""
        self._end_process()
        os.close(self._folder)

    def _end_process(self) -> None:
        try:
            self._process.wait(1)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        assert self._process.stdout is not None
        self._process.stdout.close()


def _find_pid(docker: GuardedDocker, container: str) -> int:
    state = (docker.client.ask("GET", f"/containers/{container}/json").json() or {}).get("State", {})
    if not state.get("Running"):
        raise OSError("does not run")
    return int(state["Pid"])


@contextmanager
def receiving(docker: GuardedDocker, container: str, path: str) -> Iterator[Receiver]:
    """A receiver for the length of a block."""
    receiver = Receiver(docker, container, path)
    try:
        yield receiver
    finally:
        receiver.end()
