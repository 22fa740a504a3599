"""The bundle on the disk: whole or not at all."""

import os
from pathlib import Path

import pytest

from portero.bundles import store
from portero.errors import Faults

from .signed import files


def put(folder: Path, version: int, pids: int = 100) -> None:
    store.put(folder, files(version, pids=pids), version, f"{pids:064d}", lambda place: None)


def test_a_new_version_takes_the_place_of_the_old_one(tmp_path: Path) -> None:
    put(tmp_path / "bundle", 1, 100)
    put(tmp_path / "bundle", 2, 200)

    current = tmp_path / "bundle" / store.CURRENT
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

    assert os.readlink(tmp_path / store.CURRENT).startswith("versions/1-")
    assert len(list((tmp_path / "versions").iterdir())) == 1


def test_only_the_newest_few_stay(tmp_path: Path) -> None:
    for version in range(1, 7):
        put(tmp_path, version, version)

    assert len(list((tmp_path / "versions").iterdir())) == 3
    assert (tmp_path / store.CURRENT / "site.json").exists()


def test_what_does_not_load_changes_nothing(tmp_path: Path) -> None:
    put(tmp_path, 1)

    def refuse(place: Path) -> None:
        assert (place / "site.json").exists()
        raise Faults(["site.json: is no policy"])

    with pytest.raises(Faults):
        store.put(tmp_path, files(2, pids=200), 2, "2" * 64, refuse)

    assert os.readlink(tmp_path / store.CURRENT).startswith("versions/1-")
    assert len(list((tmp_path / "versions").iterdir())) == 1
