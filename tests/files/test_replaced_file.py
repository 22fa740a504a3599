"""A file that a command makes has its mode, is written in one step, and follows no link that another user planted."""

import os
from pathlib import Path

import pytest

from portero.files.whole_files import replace_file


@pytest.mark.parametrize("before", [None, 0o644, 0o666])
def test_the_file_has_its_content_and_mode_whatever_was_there(tmp_path: Path, before: int | None) -> None:
    file = tmp_path / "page.html"
    if before is not None:
        file.write_text("old and longer")
        file.chmod(before)

    replace_file(file, b"new", 0o600)

    assert (file.read_bytes(), file.stat().st_mode & 0o777) == (b"new", 0o600)
    assert [entry.name for entry in tmp_path.iterdir()] == ["page.html"]


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "passwd").write_text("root")
    (tmp_path / "page.html").symlink_to("passwd")

    with pytest.raises(OSError, match="is a symbolic link"):
        replace_file(tmp_path / "page.html", b"new", 0o600)
    assert (tmp_path / "passwd").read_text() == "root"


def test_a_device_stays_one() -> None:
    before = Path(os.devnull).stat()

    replace_file(Path(os.devnull), b"new", 0o600)

    assert (Path(os.devnull).stat().st_mode, Path(os.devnull).stat().st_ino) == (before.st_mode, before.st_ino)
