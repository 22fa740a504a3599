"""Reads and writes whole files, and small JSON files of state.

Only regular files are read: no pipe blocks, no device fills the memory. Files are written whole or not at all: a reader
finds the old content or the new one, never half of it.
"""

import errno
import json
import os
import secrets
import stat
import tempfile
from collections.abc import Mapping
from io import FileIO
from pathlib import Path

from portero.decide.values.json_fields import JSON
from portero.decide.values.json_objects import MAX_FILE_BYTES, load_strict_object
from portero.observe.files.held_folder import hold_folder

_PIECE_BYTES = 1 << 16


def is_there(path: str | Path) -> bool:
    """A link that leads nowhere is there. Raises OSError where that cannot be seen."""
    try:
        os.lstat(path)
    except (FileNotFoundError, NotADirectoryError):
        return False
    return True


def try_to_make(path: str | Path) -> bool:
    """Whether nothing is there, and a file could be made, with its folders; raises OSError where it could not.

    Nothing stays of it: the file that is tried lies in the folder that is there, and has no name where that can be.
    """
    try:
        os.stat(path)
    except (FileNotFoundError, NotADirectoryError):
        folder = os.path.dirname(os.path.realpath(path))
    else:
        return False
    while not is_there(folder):
        folder = os.path.dirname(folder)
    with tempfile.TemporaryFile(dir=folder):
        return True


def read_regular_file(path: str | Path, max_bytes: int = MAX_FILE_BYTES, *, follows: bool = True) -> bytes:
    """The content. Raises OSError, also for what is no regular file or has more bytes than that.

    Unless it `follows`, a link is no file: another account could lead it anywhere.
    """
    # Without O_NONBLOCK, opening a pipe waits for its other end.
    descriptor = os.open(
        path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY | (0 if follows else os.O_NOFOLLOW)
    )
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise OSError(errno.EINVAL, "is not a regular file", str(path))
        # Most are small, and a buffer of the largest size takes longer than they do.
        pieces, left = [], max_bytes + 1
        while left and (piece := os.read(descriptor, min(_PIECE_BYTES, left))):
            pieces.append(piece)
            left -= len(piece)
    finally:
        os.close(descriptor)
    if not left:
        raise OSError(errno.EFBIG, f"has more than {max_bytes} bytes", str(path))
    return b"".join(pieces)


def open_now(path: str | Path) -> FileIO:
    """The file that a person names, to read it: also a pipe, such as of <(command). One without a writer is empty.

    Opening it otherwise waits for a writer without end. Raises OSError.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY)
    os.set_blocking(descriptor, True)
    return FileIO(descriptor)


def write_whole(
    file: Path,
    data: bytes,
    mode: int,
    *,
    synced: bool = False,
    owner: tuple[int, int] | None = None,
    folder: int | None = None,
) -> None:
    """Put a new file in the place of the one that is there, a link included; raises OSError, and leaves nothing then.

    `synced`: it is on the disk before it takes the place, so that a crash of the machine leaves no empty file.
    `owner`: the user and the group to whom it belongs. `folder`: the descriptor of the one that gets it;
    None: the one in its name.
    """
    if folder is None:
        with hold_folder(file.parent) as held:
            write_whole(file, data, mode, synced=synced, owner=owner, folder=held.descriptor)
        return
    # A name that cannot be guessed, and never a file that is there already.
    fresh = f".{file.name}.{secrets.token_hex(8)}"
    descriptor = _create(file.with_name(fresh), 0o600, folder)
    try:
        with open(descriptor, "wb") as opened:
            opened.write(data)
            opened.flush()
            if owner is not None:
                os.fchown(descriptor, *owner)
            os.fchmod(descriptor, mode)
            if synced:
                os.fsync(descriptor)
        os.replace(fresh, file.name, src_dir_fd=folder, dst_dir_fd=folder)
    except OSError:
        os.unlink(fresh, dir_fd=folder)
        raise


def replace_file(
    file: Path, data: bytes, mode: int, owner: tuple[int, int] | None = None, folder: int | None = None
) -> None:
    """Put a new file in the place of the one that is there; a device or a pipe is written to. Raises OSError.

    `owner`, `folder`: as for write_whole.
    """
    if folder is None:
        with hold_folder(file.parent) as held:
            replace_file(file, data, mode, owner, held.descriptor)
        return
    try:
        kind = os.stat(file.name, dir_fd=folder, follow_symlinks=False).st_mode
    except FileNotFoundError:
        kind = stat.S_IFREG
    if stat.S_ISLNK(kind):
        raise OSError(errno.ELOOP, "is a symbolic link; name the file itself", str(file))
    if stat.S_ISREG(kind):
        write_whole(file, data, mode, owner=owner, folder=folder)
        return
    with open(os.open(file.name, os.O_WRONLY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=folder), "wb") as opened:
        if stat.S_ISREG(os.fstat(opened.fileno()).st_mode):
            raise OSError(errno.EEXIST, "is another file than it was", str(file))
        opened.write(data)


def create_file(file: Path, data: bytes, mode: int) -> None:
    """Create a file; one that exists, such as a key, is never overwritten. Raises OSError."""
    with hold_folder(file.parent) as folder:
        descriptor = _create(file, mode, folder.descriptor)
    with open(descriptor, "wb") as opened:
        opened.write(data)


def _create(file: Path, mode: int, folder: int) -> int:
    try:
        return os.open(file.name or ".", os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode, dir_fd=folder)
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(file)) from error


def stamp_file(status: os.stat_result) -> tuple[int, ...]:
    """What changes whenever a file is written, or another one takes its place.

    The time of the last change of the inode, the last of these, cannot be set back: it changes with content, mode,
    owner and name.
    """
    return status.st_dev, status.st_ino, status.st_mode, status.st_size, status.st_mtime_ns, status.st_ctime_ns


def read_state(file: Path, version: int, max_bytes: int = MAX_FILE_BYTES) -> dict[str, JSON] | None:
    """What was written last in this version of the format; None before the first time.

    Raises OSError, and ValueError with a sentence that begins with the file.
    """
    try:
        document = load_strict_object(read_regular_file(file, max_bytes))
    except FileNotFoundError:
        return None
    except ValueError as error:
        raise ValueError(f"{file}: is not as portero writes it") from error
    if document.pop("format", None) != version:
        raise ValueError(f"{file}: is not of format {version}, the one that this portero reads")
    return document


def write_state(
    file: Path, version: int, content: Mapping[str, JSON], mode: int, max_bytes: int = MAX_FILE_BYTES
) -> None:
    """Put this in the place of what was written last. Raises OSError, also for more than can be read."""
    text = json.dumps({"format": version, **content}, indent=2) + "\n"
    if len(text) > max_bytes:
        raise OSError(errno.EFBIG, f"takes more than {max_bytes >> 20} MiB", str(file))
    write_whole(file, text.encode(), mode, synced=True)
