"""A folder tree that stands for /proc."""

import builtins
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

_HEADER = "Num       RefCount Protocol Flags    Type St Inode Path\n"


def process(
    proc: Path,
    number: int,
    name: str,
    sockets: str,
    *,
    inodes: tuple[int, ...] = (),
    cwd: str = "/",
    uid: int = 0,
    effective: int | None = None,
    net: str = "1",
    pid: str = "1",
    cgroup: str = "/system.slice/x.service",
    root: str | None = None,
) -> Path:
    """Let a process run that has these inodes open; `sockets`: lines of its net/unix. `root`: None: it is not shown."""
    if not (proc / "self").exists():
        # The process that reads is in a network namespace where nothing listens.
        (proc / "self" / "net").mkdir(parents=True)
        (proc / "self" / "net" / "unix").write_text(_HEADER)
        (proc / "self" / "root").symlink_to("/")
        (proc / "self" / "cgroup").write_text("0::/system.slice/portero.service\n")
        show_namespaces(proc / "self", user="1", mnt="1", net="0", pid="1")
    folder = proc / str(number)
    (folder / "net").mkdir(parents=True)
    (folder / "fd").mkdir()
    if name == "dockerd":
        (folder / "exe").symlink_to("/usr/bin/dockerd")
    (folder / "stat").write_text(f"{number} (a b) c) S " + " ".join(str(field) for field in range(4, 40)))
    (folder / "status").write_text(f"Name:\t{name}\nUid:\t{uid}\t{uid if effective is None else effective}\t0\t0\n")
    (folder / "net" / "unix").write_text(_HEADER + sockets)
    (folder / "cwd").symlink_to(cwd)
    if root is not None:
        (folder / "root").symlink_to(root)
    show_namespaces(folder, net=net, pid=pid)
    (folder / "cgroup").write_text(f"0::{cgroup}\n")
    for descriptor, inode in enumerate(inodes):
        (folder / "fd" / str(descriptor)).symlink_to(f"socket:[{inode}]")
    return folder


def line(inode: int, path: str, flags: str = "00010000") -> str:
    """A line of net/unix."""
    return f"0000000000000000: 00000002 00000000 {flags} 0001 01 {inode} {path}\n"


def dockerd(
    proc: Path,
    number: int,
    *flags: str,
    environment: Mapping[str, str] | None = None,
    files: tuple[str, ...] = (),
    uid: int = 0,
    uid_map: str | None = None,
    own_files: bool = False,
) -> Path:
    """Let a dockerd run that has these files open.

    `uid_map`: of a user namespace of its own; `own_files`: in a mount namespace of its own.
    """
    folder = process(proc, number, "dockerd", "", uid=uid)
    words = ["/usr/bin/dockerd", *flags]
    (folder / "status").write_text(f"Name:\tdockerd\nUid:\t{uid}\t{uid}\t{uid}\t{uid}\n")
    (folder / "cmdline").write_text("".join(f"{word}\0" for word in words))
    (folder / "environ").write_text("".join(f"{name}={value}\0" for name, value in (environment or {}).items()))
    (folder / "uid_map").write_text(uid_map or "         0          0 4294967295\n")
    for descriptor, file in enumerate(files, 100):
        (folder / "fd" / str(descriptor)).symlink_to(file)
    show_namespaces(folder, user="1" if uid_map is None else "2", mnt="2" if own_files else "1")
    if own_files:
        (folder / "root").mkdir()
    else:
        (folder / "root").symlink_to("/")
    return folder


def show_namespaces(folder: Path, **namespaces: str) -> None:
    """Let a process be in these namespaces."""
    (folder / "ns").mkdir(exist_ok=True)
    for kind, number in namespaces.items():
        (folder / "ns" / kind).symlink_to(f"{kind}:[{number}]")


def fail_at(monkeypatch: pytest.MonkeyPatch, place: Path, number: int) -> None:
    """Let every way to read this one place fail."""
    for owner, name in ((os, "listdir"), (os, "readlink"), (Path, "read_text"), (builtins, "open")):
        monkeypatch.setattr(owner, name, _failing(getattr(owner, name), place, number))


def _failing(function: Callable[..., Any], place: Path, number: int) -> Callable[..., Any]:
    def read(path: Any, *rest: Any, **options: Any) -> Any:
        if not isinstance(path, int) and Path(path) == place:
            raise OSError(number, os.strerror(number), str(path))
        return function(path, *rest, **options)

    return read
