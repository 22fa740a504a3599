"""The key of the doors as files of root: its private half is for the doors' account, its public half for the plugin."""

import errno
import os
import stat
from contextlib import suppress
from pathlib import Path

from portero.decide.identity import key_pairs
from portero.observe.files.whole_files import read_regular_file, write_whole

_FOLDER, _PRIVATE, _STATE, _PUBLIC = 0o750, 0o440, 0o700, 0o644


def _find_owned_mode(path: Path) -> tuple[int, int]:
    """Owner and mode of a file; zeros: nothing is there. Raises OSError for what is no file."""
    try:
        status = path.stat()
    except FileNotFoundError:
        return 0, 0
    if not stat.S_ISREG(status.st_mode):
        raise OSError(errno.EINVAL, "is not a regular file", str(path))
    return status.st_uid, stat.S_IMODE(status.st_mode)


def put_key(private: Path, public: Path, group: int, *, anew: bool) -> None:
    """Make the key unless there is one; raises OSError. A private half that cannot be read is replaced.

    Both are root's: the account of this group reads the private half, and changes nothing.
    """
    before = _find_owned_mode(public)
    key = None
    with suppress(FileNotFoundError):
        key = None if anew else key_pairs.parse_private_key(read_regular_file(private))
    if key is None:
        key = key_pairs.make_key()
        private.parent.mkdir(mode=_FOLDER, parents=True, exist_ok=True)
        write_whole(private, key_pairs.encode_private(key), _PRIVATE, synced=True)
    for path in (private.parent, private):
        status = path.stat()
        if (status.st_uid, status.st_gid) != (os.geteuid(), group):
            os.chown(path, os.geteuid(), group)
    if _find_owned_mode(private)[1] != _PRIVATE:
        # As a backup brought it back, say: who reads it can name any user.
        private.chmod(_PRIVATE)
    shown = key_pairs.encode_public(key.public_key())
    # At each start of the door: it must not need a disk with room.
    if before != (os.geteuid(), _PUBLIC) or read_regular_file(public) != shown:
        public.parent.mkdir(mode=_STATE, parents=True, exist_ok=True)
        write_whole(public, shown, _PUBLIC, synced=True)
    if public.stat().st_gid != group:
        # It says to which group the plugin shows whose what is, wherever the private half is.
        os.chown(public, -1, group)
