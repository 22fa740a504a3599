"""Stamps of the door: made with its key, and used again for some seconds."""

from pathlib import Path

import pytest

from portero.decide.identity.door_stamp import LIFETIME, read_stamp
from portero.door.stamps import Stamps
from tests.door.running import BOOT, KEY

NOON = 1_800_000_000


def test_a_stamp_is_used_again_for_seconds_and_by_its_own_caller_alone() -> None:
    stamps = Stamps(KEY, BOOT)
    first = stamps.make_stamp("users", "alicia", ["dev"], NOON)

    assert stamps.make_stamp("users", "alicia", ["dev"], NOON + 14) == first
    assert stamps.make_stamp("users", "bob", ["dev"], NOON) != first
    assert stamps.make_stamp("users", "alicia", [], NOON) != first
    later = read_stamp(stamps.make_stamp("users", "alicia", ["dev"], NOON + 15), KEY.public_key(), BOOT)
    assert (later.user, later.start, later.end) == ("alicia", NOON + 15, NOON + 15 + LIFETIME)


def test_a_clock_that_is_set_back_makes_a_new_one() -> None:
    stamps = Stamps(KEY, BOOT)
    first = stamps.make_stamp("traefik", "", (), NOON)

    assert stamps.make_stamp("traefik", "", (), NOON - 3600) != first


def test_another_file_is_no_key(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("x")
    with pytest.raises(ValueError, match=r"PEM|key"):
        Stamps.read(tmp_path / "key")
