"""Only regular files of bounded size are read, without waiting."""

import os
from pathlib import Path

import pytest

from portero.files.whole_files import read_regular_file


def test_a_file_is_read_whole_through_links(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"12345")
    (tmp_path / "link").symlink_to("file")

    assert read_regular_file(tmp_path / "link", 5) == b"12345"


def test_a_file_with_a_byte_too_many_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"12345")

    with pytest.raises(OSError, match="has more than 4 bytes"):
        read_regular_file(tmp_path / "file", 4)


def test_a_pipe_does_not_block_and_a_device_does_not_fill_the_memory(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")

    for path in (tmp_path / "pipe", Path("/dev/zero")):
        with pytest.raises(OSError, match="is not a regular file"):
            read_regular_file(path)


def test_a_missing_file_is_missing(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        read_regular_file(tmp_path / "missing")
