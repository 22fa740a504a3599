"""The files of the door's key: made once, and root's."""

import os
import stat
from pathlib import Path

import pytest

from portero.door.stamps import Stamps
from portero.tools.hostcheck import door_key
from portero.tools.hostcheck.door_key import put_key


def test_the_key_is_made_once_and_its_halves_are_roots(tmp_path: Path) -> None:
    private, public = tmp_path / "door" / "key", tmp_path / "state" / "door.pub"
    put_key(private, public, os.getegid(), anew=False)
    first = public.read_bytes()
    public.write_bytes(b"")
    put_key(private, public, os.getegid(), anew=False)

    assert public.read_bytes() == first
    assert [stat.S_IMODE(path.stat().st_mode) for path in (private.parent, private, public)] == [0o750, 0o440, 0o644]
    Stamps.read(private)
    put_key(private, public, os.getegid(), anew=True)
    if os.getuid() == 0:
        put_key(private, public, 4242, anew=False)
        assert (public.stat().st_uid, public.stat().st_gid) == (0, 4242)
    assert public.read_bytes() != first


@pytest.mark.parametrize("mode", [0o400, 0o644])
def test_a_key_is_for_root_and_its_account_alone(mode: int, tmp_path: Path) -> None:
    put_key(tmp_path / "key", tmp_path / "door.pub", os.getegid(), anew=False)
    (tmp_path / "key").chmod(mode)

    put_key(tmp_path / "key", tmp_path / "door.pub", os.getegid(), anew=False)

    assert stat.S_IMODE((tmp_path / "key").stat().st_mode) == 0o440


def test_a_key_that_is_there_needs_no_room_on_the_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    private, public = tmp_path / "key", tmp_path / "door.pub"
    put_key(private, public, os.getegid(), anew=False)
    public.chmod(0o664)
    put_key(private, public, os.getegid(), anew=False)
    assert stat.S_IMODE(public.stat().st_mode) == 0o644
    if os.getuid() == 0:
        os.chown(public, 54321, 0)
        put_key(private, public, os.getegid(), anew=False)
        assert public.stat().st_uid == 0

    def fail(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(door_key, "write_whole", fail)
    monkeypatch.setattr(os, "chown", fail)
    put_key(private, public, os.getegid(), anew=False)


def test_what_is_no_file_is_not_replaced(tmp_path: Path) -> None:
    """As root it would be: --public /dev/null."""
    (tmp_path / "pipe").mkdir()
    os.mkfifo(tmp_path / "pipe" / "public")

    for private, public in (("key", "pipe/public"), ("pipe/public", "door.pub"), ("key", "pipe")):
        with pytest.raises(OSError, match="is not a regular file"):
            put_key(tmp_path / private, tmp_path / public, os.getegid(), anew=False)

    assert [path.name for path in tmp_path.iterdir()] == ["pipe"]
    assert stat.S_ISFIFO((tmp_path / "pipe" / "public").stat().st_mode)
