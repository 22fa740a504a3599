"""The bundle on the disk: whole or not at all."""

import os
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from portero.bundles import store
from portero.settings.setting_values import CURRENT
from portero.values.errors import Faults

from .signed import KEYS, OTHER_KEY, files


def put(folder: Path, version: int, pids: int = 100) -> None:
    store.put(folder, files(version, pids=pids), version, f"{pids:064d}", lambda place: None)


def test_a_new_version_takes_the_place_of_the_old_one(tmp_path: Path) -> None:
    put(tmp_path / "bundle", 1, 100)
    put(tmp_path / "bundle", 2, 200)

    current = tmp_path / "bundle" / CURRENT
    assert (current / "site.json").read_text() == '{"pids-max": 200}'
    assert os.readlink(current).startswith("versions/2-")
    assert (current / "site.json").stat().st_mode & 0o777 == 0o644
    put(tmp_path / "bundle", 2, 200)
    assert len(list((tmp_path / "bundle" / "versions").iterdir())) == 2


def test_what_cannot_be_written_in_whole_changes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(tmp_path, 1)
    monkeypatch.setattr(os, "fsync", lambda descriptor: (_ for _ in ()).throw(OSError(28, "No space left on device")))

    with pytest.raises(OSError, match="No space left"):
        put(tmp_path, 2, 200)

    assert os.readlink(tmp_path / CURRENT).startswith("versions/1-")
    assert len(list((tmp_path / "versions").iterdir())) == 1


def test_only_the_newest_few_stay(tmp_path: Path) -> None:
    for version in range(1, 7):
        put(tmp_path, version, version)

    assert len(list((tmp_path / "versions").iterdir())) == 3
    assert (tmp_path / CURRENT / "site.json").exists()


def test_what_does_not_load_changes_nothing(tmp_path: Path) -> None:
    put(tmp_path, 1)

    def refuse(place: Path) -> None:
        assert (place / "site.json").exists()
        raise Faults(["site.json: is no policy"])

    with pytest.raises(Faults):
        store.put(tmp_path, files(2, pids=200), 2, "2" * 64, refuse)

    assert os.readlink(tmp_path / CURRENT).startswith("versions/1-")
    assert len(list((tmp_path / "versions").iterdir())) == 1


def damage(file: Path) -> None:
    file.write_bytes(b"\0" * file.stat().st_size)


@pytest.mark.parametrize("harm", [damage, Path.unlink, lambda file: file.with_name("more.json").touch()])
def test_what_a_disk_has_damaged_is_not_whole_and_is_written_anew(
    tmp_path: Path, harm: Callable[[Path], object]
) -> None:
    put(tmp_path, 1)
    assert store.is_whole(tmp_path, KEYS)

    harm(tmp_path / CURRENT / "site.json")

    assert not store.is_whole(tmp_path, KEYS)
    put(tmp_path, 1)
    assert store.is_whole(tmp_path, KEYS)
    assert len(list((tmp_path / "versions").iterdir())) == 1


def test_nothing_there_and_what_somebody_else_signed_are_not_whole(tmp_path: Path) -> None:
    assert not store.is_whole(tmp_path, KEYS)
    (tmp_path / CURRENT).symlink_to(CURRENT)
    assert not store.is_whole(tmp_path, KEYS)
    store.put(tmp_path, files(1, key=OTHER_KEY), 1, "1" * 64, lambda place: None)

    assert not store.is_whole(tmp_path, KEYS)


def test_two_pulls_at_once_leave_a_whole_version(tmp_path: Path) -> None:
    def write() -> None:
        for version in range(1, 20):
            # One of two that write the same version at once can find its place taken; its next pull goes well.
            with suppress(OSError):
                put(tmp_path, version, version)

    pulls = [threading.Thread(target=write) for _ in range(2)]
    for pull in pulls:
        pull.start()
    for pull in pulls:
        pull.join()

    put(tmp_path, 20)
    assert store.is_whole(tmp_path, KEYS)
    assert os.readlink(tmp_path / CURRENT).startswith("versions/20-")
