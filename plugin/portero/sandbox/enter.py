"""Enters the sandbox and runs one program in it: `python -I enter.py VIEW`, VIEW is JSON that compose_run.py writes.

A program of its own, of the standard library only: namespaces have to be left and entered before there is a thread.
The program sees a root folder in memory that holds what VIEW names, read-only, and nothing else: no network, no other
process, no device but /dev/null, no capability. What the sandbox cannot set up ends it with status 125 and one line
on standard error (compose_run.py reads it).
"""

import ctypes
import json
import os
import resource
import signal
import sys
from typing import NoReturn, TypedDict

FAILED = 125
MARK = "portero sandbox: "
HOME = "/portero-home"

# <sched.h>, <sys/mount.h>, <linux/mount.h>, <sys/prctl.h>, <linux/capability.h>
_NEW_USER = 0x10000000
_NEW_OTHERS = 0x00020000 | 0x02000000 | 0x04000000 | 0x08000000 | 0x20000000 | 0x40000000
_NOSUID, _NODEV, _NOEXEC, _BIND, _RECURSIVE, _PRIVATE = 2, 4, 8, 0x1000, 0x4000, 0x40000
_DETACH = 2
_MOUNT_SETATTR = 442  # the same number on every architecture
_AT_RECURSIVE, _AT_FDCWD = 0x8000, -100
_ATTR_RDONLY, _ATTR_NOSUID, _ATTR_NODEV, _ATTR_NOEXEC = 1, 2, 4, 8
_PR_SET_PDEATHSIG, _PR_CAPBSET_DROP, _PR_SET_NO_NEW_PRIVS = 1, 24, 38
_CAPABILITY_VERSION_3 = 0x20080522
_MOST_CAPABILITIES = 64

_libc = ctypes.CDLL(None, use_errno=True)


class SandboxView(TypedDict):
    """`root`: an empty folder. `shown`: what is read; `programs`: what may run too.

    `folder`: where `command` runs; where it is not shown it is empty.
    """

    root: str
    shown: list[str]
    programs: list[str]
    folder: str
    limits: dict[str, int]
    command: list[str]
    environment: dict[str, str]


def main() -> None:
    view: SandboxView = json.loads(sys.argv[1])
    try:
        _leave_namespaces()
        status = _in_child(view)
    except OSError as error:
        _fail(str(error))
    sys.exit(status)


def _leave_namespaces() -> None:
    """New namespaces of every kind; the user is the same in them. Root may do without a user namespace."""
    user, group = os.geteuid(), os.getegid()
    if _libc.unshare(_NEW_USER | _NEW_OTHERS) == 0:
        _write("/proc/self/setgroups", "deny")
        _write("/proc/self/uid_map", f"{user} {user} 1")
        _write("/proc/self/gid_map", f"{group} {group} 1")
    elif user != 0 or _libc.unshare(_NEW_OTHERS) != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"user namespaces cannot be made here ({os.strerror(number)})")


def _in_child(view: SandboxView) -> int:
    """The first process of the new process namespace: with it, everything in the sandbox ends."""
    child = os.fork()
    if child == 0:
        try:
            _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
            _run(view)
        except OSError as error:
            _fail(str(error))
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) % 256


def _run(view: SandboxView) -> NoReturn:
    _enter_root(view["root"], view["shown"], view["programs"], view["folder"])
    os.chdir(view["folder"])
    for name, most in view["limits"].items():
        resource.setrlimit(getattr(resource, name), (most, most))
    _drop_capabilities()
    os.execve(view["command"][0], view["command"], view["environment"])  # noqa: S606 - the purpose of the sandbox


def _enter_root(root: str, shown: list[str], programs: list[str], folder: str) -> None:
    """`root`, an empty folder, becomes the root folder; what is shown lies where it lay."""
    _mount(None, "/", None, _RECURSIVE | _PRIVATE)
    _mount("tmpfs", root, "tmpfs", _NOSUID | _NODEV, "size=16m,mode=755")
    for own in (HOME, "/tmp", "/dev"):  # noqa: S108 - the sandbox's own
        os.mkdir(root + own)
    for path in ("/dev/null", *shown, *programs):
        _show(root, path, program=path in programs)
    os.makedirs(root + folder, exist_ok=True)
    os.chdir(root)
    _call("pivot_root", _libc.pivot_root(b".", b"."))
    _call("umount", _libc.umount2(b".", _DETACH))
    os.chdir("/")


def _show(root: str, path: str, *, program: bool) -> None:
    """One folder or file, read-only with all that is mounted below it; programs alone can be run."""
    place = root + path
    if os.path.isdir(path):
        os.makedirs(place, exist_ok=True)
    else:
        os.makedirs(os.path.dirname(place), exist_ok=True)
        if not os.path.exists(place):
            os.close(os.open(place, os.O_CREAT | os.O_EXCL, 0o644))
    _mount(path, place, None, _BIND | _RECURSIVE)
    attributes = _ATTR_NOSUID | (0 if path == "/dev/null" else _ATTR_RDONLY | _ATTR_NODEV)
    attributes |= 0 if program else _ATTR_NOEXEC
    wanted = (ctypes.c_uint64 * 4)(attributes, 0, 0, 0)
    done = _libc.syscall(_MOUNT_SETATTR, _AT_FDCWD, place.encode(), _AT_RECURSIVE, wanted, ctypes.sizeof(wanted))
    _call(f"mount_setattr {path}", done)


def _drop_capabilities() -> None:
    for number in range(_MOST_CAPABILITIES):
        _libc.prctl(_PR_CAPBSET_DROP, number, 0, 0, 0)
    _call("no_new_privs", _libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
    header = (ctypes.c_uint32 * 2)(_CAPABILITY_VERSION_3, 0)
    _call("capset", _libc.capset(header, (ctypes.c_uint32 * 6)()))


def _mount(source: str | None, target: str, kind: str | None, flags: int, options: str | None = None) -> None:
    words = [text.encode() if text else None for text in (source, target, kind, options)]
    _call(f"mount {target}", _libc.mount(*words[:3], ctypes.c_ulong(flags), words[3]))


def _call(what: str, done: int) -> None:
    if done != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")


def _write(path: str, text: str) -> None:
    with open(path, "w", encoding="ascii") as file:
        file.write(text)


def _fail(reason: str) -> NoReturn:
    print(MARK + reason, file=sys.stderr, flush=True)
    os._exit(FAILED)


if __name__ == "__main__":
    main()
