"""A file is written whole or not at all, with the mode that it should have."""

import os
from pathlib import Path

import pytest

from portero.files.whole_files import write_whole


@pytest.mark.parametrize("synced", [False, True])
@pytest.mark.parametrize("before", [None, 0o644, 0o666])
def test_the_file_has_its_content_and_mode_whatever_was_there(tmp_path: Path, before: int | None, synced: bool) -> None:
    file = tmp_path / "state.json"
    if before is not None:
        file.write_text("old and longer")
        file.chmod(before)

    write_whole(file, b"new", 0o600, synced=synced)

    assert (file.read_bytes(), file.stat().st_mode & 0o777) == (b"new", 0o600)
    assert [entry.name for entry in tmp_path.iterdir()] == ["state.json"]


def test_a_link_is_replaced_and_what_it_leads_to_stays(tmp_path: Path) -> None:
    (tmp_path / "passwd").write_text("root")
    (tmp_path / "state.json").symlink_to("passwd")

    write_whole(tmp_path / "state.json", b"new", 0o600)

    assert (tmp_path / "passwd").read_text() == "root"
    assert (tmp_path / "state.json").read_bytes() == b"new"


def test_nothing_is_left_and_the_old_file_stays_when_the_new_one_cannot_be_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*names: object) -> None:
        raise OSError(28, "No space left on device")

    (tmp_path / "state.json").write_text("old")
    monkeypatch.setattr(os, "replace", fail)

    with pytest.raises(OSError, match="No space"):
        write_whole(tmp_path / "state.json", b"new", 0o600)
    assert {entry.name: entry.read_text() for entry in tmp_path.iterdir()} == {"state.json": "old"}
