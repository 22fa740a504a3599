"""Files are read whole and bounded, without waiting, and written whole or not at all."""

import errno
import os
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from portero.observe.files.whole_files import (
    read_regular_file,
    read_state,
    replace_file,
    stamp_file,
    try_to_make,
    write_state,
    write_whole,
)
from tests.failing import fail_with


def test_a_file_is_read_whole_through_links_unless_it_has_a_byte_too_many_or_is_missing(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"12345")
    (tmp_path / "link").symlink_to("file")

    assert read_regular_file(tmp_path / "link", 5) == b"12345"
    with pytest.raises(OSError, match="has more than 4 bytes"):
        read_regular_file(tmp_path / "file", 4)
    with pytest.raises(FileNotFoundError):
        read_regular_file(tmp_path / "missing")


def test_a_pipe_does_not_block_and_a_device_does_not_fill_the_memory(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")

    for path in (tmp_path / "pipe", Path("/dev/zero")):
        with pytest.raises(OSError, match="is not a regular file"):
            read_regular_file(path)


def test_what_was_written_comes_back(tmp_path: Path) -> None:
    file = tmp_path / "state.json"
    assert read_state(file, 2) is None

    write_state(file, 2, {"name": "x"}, 0o600)

    assert read_state(file, 2) == {"name": "x"}
    assert file.stat().st_mode & 0o777 == 0o600
    assert os.listdir(tmp_path) == ["state.json"]


def test_no_more_is_written_than_can_be_read(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="takes more than 1 MiB"):
        write_state(tmp_path / "state.json", 2, {"name": "x" * (1 << 20)}, 0o600)

    assert os.listdir(tmp_path) == []


def test_a_change_of_content_or_mode_makes_another_stamp(tmp_path: Path) -> None:
    file = tmp_path / "file"
    stamps = set()
    for change in (lambda: file.write_text("x"), lambda: file.write_text("y"), lambda: file.chmod(0o600)):
        change()
        os.utime(file, (0, 0))
        stamps.add(stamp_file(file.stat()))
        time.sleep(0.02)

    assert len(stamps) == 3


@pytest.mark.parametrize(
    ("text", "words"),
    [
        *((text, "is not as portero writes it") for text in ("", '{"format": 2, "name": ', "[" * 100_000)),
        *((text, "is not as portero writes it") for text in ("[]", '{"format": 2, "name": "x", "name": "y"}')),
        *((text, "is not of format 2") for text in ("{}", '{"format": 1, "name": "x"}')),
    ],
)
def test_anything_else_is_an_error_that_names_the_file(tmp_path: Path, text: str, words: str) -> None:
    file = tmp_path / "state.json"
    file.write_text(text)

    with pytest.raises(ValueError, match=f"{file}: {words}"):
        read_state(file, 2)


def test_a_file_that_cannot_be_read_is_no_missing_one(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="is not a regular file"):
        read_state(tmp_path, 2)


WRITERS = {"whole": write_whole, "synced": partial(write_whole, synced=True), "replaced": replace_file}


@pytest.mark.parametrize("write", WRITERS.values(), ids=WRITERS)
@pytest.mark.parametrize("before", [None, 0o644, 0o666])
def test_the_file_has_its_content_and_mode_whatever_was_there(
    tmp_path: Path, before: int | None, write: Callable[[Path, bytes, int], None]
) -> None:
    file = tmp_path / "state.json"
    if before is not None:
        file.write_text("old and longer")
        file.chmod(before)

    write(file, b"new", 0o600)

    assert (file.read_bytes(), file.stat().st_mode & 0o777) == (b"new", 0o600)
    assert [entry.name for entry in tmp_path.iterdir()] == ["state.json"]


def test_nothing_is_left_and_the_old_file_stays_when_the_new_one_cannot_be_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "state.json").write_text("old")
    monkeypatch.setattr(os, "replace", fail_with(errno.ENOSPC))

    with pytest.raises(OSError, match="No space"):
        write_whole(tmp_path / "state.json", b"new", 0o600)
    assert {entry.name: entry.read_text() for entry in tmp_path.iterdir()} == {"state.json": "old"}


def test_a_link_is_replaced_or_refused_and_what_it_leads_to_stays(tmp_path: Path) -> None:
    (tmp_path / "passwd").write_text("root")
    (tmp_path / "state.json").symlink_to("passwd")

    with pytest.raises(OSError, match="is a symbolic link"):
        replace_file(tmp_path / "state.json", b"new", 0o600)
    write_whole(tmp_path / "state.json", b"new", 0o600)

    assert (tmp_path / "passwd").read_text() == "root"
    assert (tmp_path / "state.json").read_bytes() == b"new"


def test_a_device_stays_one() -> None:
    before = Path(os.devnull).stat()

    replace_file(Path(os.devnull), b"new", 0o600)

    assert (Path(os.devnull).stat().st_mode, Path(os.devnull).stat().st_ino) == (before.st_mode, before.st_ino)


def test_whether_a_file_could_be_made_is_tried_without_a_trace(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("as it was")
    (tmp_path / "link").symlink_to("missing/file")

    assert try_to_make(tmp_path / "new" / "folder" / "file")
    assert try_to_make(tmp_path / "link")
    assert not try_to_make(tmp_path / "file")
    assert not try_to_make("/dev/null")
    for nowhere in ("/proc/none/file", tmp_path / "file" / "below"):
        with pytest.raises(OSError, match=r"No such file or directory|Not a directory"):
            try_to_make(nowhere)
    assert sorted(os.listdir(tmp_path)) == ["file", "link"]
    assert (tmp_path / "file").read_text() == "as it was"


def test_what_cannot_be_looked_at_is_not_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "stat", fail_with(errno.EMFILE))

    with pytest.raises(OSError, match="Too many open files"):
        try_to_make(tmp_path / "file")
