"""Paths of the host as text: what Go's path package makes of them. No file is looked at."""

from typing import Literal

Kind = Literal["directory", "file", "socket", "device", "missing", "unknown"]


def clean(path: str) -> str:
    """The shortest path with the same meaning, exactly as Go's path.Clean gives it (filepath.Clean on Linux).

    Symbolic links are not looked at. Unlike posixpath.normpath, two leading slashes become one.
    """
    rooted = path.startswith("/")
    parts: list[str] = []
    for part in path.split("/"):
        if part in ("", "."):
            continue
        if part != "..":
            parts.append(part)
        elif parts and parts[-1] != "..":
            parts.pop()
        elif not rooted:
            parts.append(part)
    return "/" + "/".join(parts) if rooted else "/".join(parts) or "."


def is_absolute(path: str) -> bool:
    """Whether dockerd takes this for a path of the host and not for a name (Go's path.IsAbs)."""
    return path.startswith("/")


def is_within(path: str, folder: str) -> bool:
    """Whether a cleaned absolute path is that folder or lies below it."""
    return folder == "/" or path == folder or path.startswith(folder + "/")


def begin(folder: str) -> str:
    """How the cleaned absolute paths of what is in a folder begin.

    Of the beginnings of two paths one begins with the other where is_within holds: for many paths this is faster.
    """
    return folder if folder == "/" else f"{folder}/"
