"""Puts the halves of the door's key in their places: the private one for the door's account, the public one for all."""

import os
from pathlib import Path

from portero.files.whole_files import write_whole
from portero.identity import door_stamp

_FOLDER, _PRIVATE, _STATE, _PUBLIC = 0o750, 0o440, 0o700, 0o644


def put_key(private: Path, public: Path, group: int, *, anew: bool) -> None:
    """Make the key unless there is one; raises OSError. A private half that cannot be read is replaced.

    Both are root's: the account of this group reads the private half, and changes nothing.
    """
    data = b""
    try:
        shown = b"" if anew else door_stamp.spell_public(door_stamp.read_private_key(private))
    except (FileNotFoundError, ValueError):
        shown = b""
    if not shown:
        data, shown = door_stamp.make_key()
        private.parent.mkdir(mode=_FOLDER, parents=True, exist_ok=True)
        write_whole(private, data, _PRIVATE, synced=True)
    for path in (private.parent, private):
        os.chown(path, os.geteuid(), group)
    public.parent.mkdir(mode=_STATE, parents=True, exist_ok=True)
    write_whole(public, shown, _PUBLIC, synced=True)
