"""A disk, images and archives with its device node, and a build that writes to it over BuildKit's own connection."""

import io
import json
import os
import socket
import subprocess
import tarfile
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path

SECRET = b"a file of mode 0600"
WRITTEN = b"written by a build"
# An empty tar, as the beginning of ext4 is one; tar-split keeps what follows.
_CONTENT = bytes(1024) + SECRET + b"\n" * (512 - len(SECRET))
_HEADERS = {
    ":method": "POST",
    ":scheme": "http",
    ":path": "/moby.buildkit.v1.Control/Solve",
    ":authority": "localhost",
    "content-type": "application/grpc",
    "te": "trailers",
}
_UPGRADE = b"POST /grpc HTTP/1.1\r\nHost: docker\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n"
_DATA, _END, _WHOLE = 0, 1, 4


class Disk:
    """A loop device over a file, for the length of a block."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / "disk"

    def __enter__(self) -> "Disk":
        self._file.write_bytes(_CONTENT)
        words = ["losetup", "--find", "--show", self._file]
        self.device = subprocess.run(words, check=True, capture_output=True, text=True).stdout.strip()
        return self

    def __exit__(self, *_: object) -> None:
        subprocess.run(["losetup", "--detach", self.device], check=True)

    @property
    def content(self) -> bytes:
        """What is on it now."""
        subprocess.run(["blockdev", "--flushbufs", self.device], check=True)
        return self._file.read_bytes()

    def pack(self, name: str, files: Mapping[str, bytes]) -> bytes:
        """A tar stream of these files and of its node."""
        stream, number = io.BytesIO(), os.stat(self.device).st_rdev
        with tarfile.open(fileobj=stream, mode="w") as tar:
            for file, content in files.items():
                entry = tarfile.TarInfo(file)
                entry.size = len(content)
                tar.addfile(entry, io.BytesIO(content))
            node = tarfile.TarInfo(name)
            node.type, node.devmajor, node.devminor = tarfile.BLKTYPE, os.major(number), os.minor(number)
            tar.addfile(node)
        return stream.getvalue()

    def pack_image(self, tag: str) -> bytes:
        """An archive for docker load whose layer is the disk."""
        layers = {"type": "layers", "diff_ids": [f"sha256:{sha256(_CONTENT).hexdigest()}"]}
        config = {"architecture": "amd64", "os": "linux", "config": {}, "rootfs": layers}
        manifest = [{"Config": "config.json", "RepoTags": [tag], "Layers": ["layer.tar"]}]
        files = {"config.json": json.dumps(config).encode(), "manifest.json": json.dumps(manifest).encode()}
        return self.pack("layer.tar", files)


def write_in_build(docker: Path, image: str, path: str) -> bool:
    """Let BuildKit make a file at this path of an image, and wait for its end; whether dockerd took the connection."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(60)
        connection.connect(str(docker))
        connection.sendall(_UPGRADE)
        with connection.makefile("rb") as stream:
            if b" 101 " not in stream.readline():
                return False
            while stream.readline().strip():
                pass
            message = _message(1, b"build") + _message(2, _make_definition(image, path))
            headers = b"".join(b"\0" + _short(name) + _short(value) for name, value in _HEADERS.items())
            data = b"\0" + len(message).to_bytes(4, "big") + message
            # RFC 9113: the preface, settings, then the only stream.
            connection.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + _frame(4, 0, 0, b""))
            connection.sendall(_frame(1, _WHOLE, 1, headers) + _frame(_DATA, _END, 1, data))
            while len(head := stream.read(9)) == 9:
                stream.read(int.from_bytes(head[:3], "big"))
                if head[3] == 4 and not head[4] & _END:
                    connection.sendall(_frame(4, _END, 0, b""))
                if head[3] in (_DATA, 1) and head[4] & _END:
                    break
            return True


def _frame(kind: int, flags: int, stream: int, payload: bytes) -> bytes:
    return len(payload).to_bytes(3, "big") + bytes([kind, flags]) + stream.to_bytes(4, "big") + payload


def _short(text: str) -> bytes:
    return bytes([len(text)]) + text.encode()


def _make_definition(image: str, path: str) -> bytes:
    """The operations of a build, as BuildKit's solver/pb/ops.proto numbers their fields."""
    source = _message(3, _message(1, f"docker-image://docker.io/library/{image}".encode()))
    file = _message(1, path.encode()) + _number(2, 0o644) + _message(3, WRITTEN) + _number(5, -1)
    action = _number(1, 0) + _number(2, -1) + _number(3, 0) + _message(5, file)
    written = _message(1, _digest(source)) + _message(4, _message(2, action))
    operations = (source, written, _message(1, _digest(written)))
    return b"".join(_message(1, operation) for operation in operations)


def _digest(operation: bytes) -> bytes:
    return _message(1, f"sha256:{sha256(operation).hexdigest()}".encode())


def _message(field: int, content: bytes) -> bytes:
    return _varint(field << 3 | 2) + _varint(len(content)) + content


def _number(field: int, value: int) -> bytes:
    return _varint(field << 3) + _varint(value % (1 << 64))


def _varint(value: int) -> bytes:
    more = b""
    while value > 127:
        more += bytes([value & 127 | 128])
        value >>= 7
    return more + bytes([value])
