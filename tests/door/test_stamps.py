"""Stamps: one for each caller, used again for seconds, and long before its end made anew."""

import stat
from pathlib import Path

import pytest

from portero.door.stamps import Stamps, put_key
from portero.identity.door_stamp import LIFETIME, read_stamp
from tests.door.running import BOOT, KEY

NOON = 1_800_000_000


def test_a_stamp_is_used_again_for_seconds_and_by_its_own_caller_alone() -> None:
    stamps = Stamps(KEY, BOOT)
    first = stamps.make("users", "alicia", ["dev"], NOON)

    assert stamps.make("users", "alicia", ["dev"], NOON + 14) == first
    assert stamps.make("users", "bob", ["dev"], NOON) != first
    assert stamps.make("users", "alicia", [], NOON) != first
    later = read_stamp(stamps.make("users", "alicia", ["dev"], NOON + 15), KEY.public_key(), BOOT)
    assert (later.user, later.start, later.end) == ("alicia", NOON + 15, NOON + 15 + LIFETIME)


def test_a_clock_that_is_set_back_makes_a_new_one() -> None:
    stamps = Stamps(KEY, BOOT)
    first = stamps.make("traefik", "", (), NOON)

    assert stamps.make("traefik", "", (), NOON - 3600) != first


def test_the_key_is_made_once_and_its_halves_are_roots(tmp_path: Path) -> None:
    private, public = tmp_path / "door" / "key", tmp_path / "state" / "door.pub"
    put_key(private, public, 0, anew=False)
    first = public.read_bytes()
    public.write_bytes(b"")
    put_key(private, public, 0, anew=False)

    assert public.read_bytes() == first
    assert [stat.S_IMODE(path.stat().st_mode) for path in (private.parent, private, public)] == [0o750, 0o440, 0o644]
    Stamps.read(private)
    put_key(private, public, 0, anew=True)
    assert public.read_bytes() != first


def test_another_file_is_no_key(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("x")
    with pytest.raises(ValueError, match=r"PEM|key"):
        Stamps.read(tmp_path / "key")
