"""Paths of the host as text: what Go's path package makes of them. No file is looked at."""


def clean(path: str) -> str:
    """The shortest path with the same meaning, exactly as Go's path.Clean gives it (filepath.Clean on Linux).

    Symbolic links are not looked at. Unlike posixpath.normpath, two leading slashes become one.
    """
    rooted = path.startswith("/")
    kept: list[str] = []
    for part in path.split("/"):
        if part in ("", "."):
            continue
        if part != "..":
            kept.append(part)
        elif kept and kept[-1] != "..":
            kept.pop()
        elif not rooted:
            kept.append(part)
    return "/" + "/".join(kept) if rooted else "/".join(kept) or "."


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
