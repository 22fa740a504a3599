"""The images that tests use, all of them one busybox: no registry is asked."""

import io
import tarfile
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlencode

from .rawhttp import exchange, render

APPLETS = (
    *("cat", "chmod", "chown", "cp", "date", "dd", "df", "echo", "env", "false", "free", "grep", "head", "hostname"),
    *("httpd", "id", "ifconfig", "ip", "kill", "ln", "ls", "mkdir", "mknod", "mount", "nc", "nslookup", "ping"),
    *("printf", "ps", "pwd", "rm", "sed", "seq", "sh", "sleep", "sort", "stat", "sync", "tail", "tar", "test"),
    *("touch", "tr", "true", "umount", "uname", "wc", "wget", "whoami", "xargs", "yes"),
)
TAGS = (
    *("busybox:latest", "busybox:1.36", "alpine:latest", "alpine:3.10", "alpine:3.20", "debian:12", "postgres:16"),
    *("hello-world:latest", "mysql:latest", "nginx:1.27", "nginx:latest", "python:3.12", "redis:7"),
    *("registry.example.com/team/app:1.4.2", "ubuntu:14.04", "ubuntu:24.04"),
)
_FILES = {
    "etc/passwd": "root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/sh\n",
    "etc/group": "root:x:0:\ndocker:x:999:\nnogroup:x:65534:\n",
    "var/www/index.html": "it works\n",
}


def busybox() -> bytes:
    """A root file system with the static busybox and its applets, as a tar stream."""
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as tar:
        for folder in ("bin", "dev", "etc", "home", "proc", "root", "sys", "tmp", "usr", "var", "var/www"):
            tar.addfile(_entry(folder, tarfile.DIRTYPE, 0o755))
        tar.add(Path("/bin/busybox").resolve(), "bin/busybox")
        for applet in APPLETS:
            link = _entry(f"bin/{applet}", tarfile.SYMTYPE, 0o777)
            link.linkname = "busybox"
            tar.addfile(link)
        for name, text in _FILES.items():
            entry = _entry(name, tarfile.REGTYPE, 0o644)
            entry.size = len(text)
            tar.addfile(entry, io.BytesIO(text.encode()))
    return stream.getvalue()


def _entry(name: str, kind: bytes, mode: int) -> tarfile.TarInfo:
    entry = tarfile.TarInfo(name)
    entry.type = kind
    entry.mode = mode
    return entry


def archive(files: Mapping[str, bytes]) -> bytes:
    """A tar stream of these files."""
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as tar:
        for name, content in files.items():
            entry = _entry(name, tarfile.REGTYPE, 0o644)
            entry.size = len(content)
            tar.addfile(entry, io.BytesIO(content))
    return stream.getvalue()


def import_image(socket: Path, tag: str, data: bytes, change: str) -> None:
    """Make dockerd an image of a root file system and a line of a Dockerfile; RuntimeError when it does not take it."""
    repository, _, version = tag.rpartition(":")
    query = urlencode({"fromSrc": "-", "repo": repository, "tag": version, "changes": change})
    request = render("POST", f"/images/create?{query}", [("Content-Type", "application/x-tar")], data)
    answer = exchange(socket, request, 60)
    if answer.status != 200 or b'"error"' in answer.body:
        raise RuntimeError(f"{tag} was not imported: {answer.message}")
