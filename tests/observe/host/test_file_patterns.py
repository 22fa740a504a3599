"""Files by patterns: what is not there is none, what cannot be read is an error."""

import errno
from pathlib import Path

import pytest

from portero.observe.files.symlinks import HostWalk
from portero.observe.host import file_patterns
from portero.observe.host.file_patterns import list_paths, read_text
from tests.trees import lay_out


def test_a_star_stands_for_names_of_one_folder_and_links_are_followed_below_the_root(tmp_path: Path) -> None:
    lay_out(tmp_path, "etc/a.d/", "etc/b.d/", "etc/c -> /etc/a.d")
    (tmp_path / "etc/a.d/x").write_text("one")
    walk = HostWalk(str(tmp_path))

    assert list_paths(walk, "/etc/*.d/x") == ["/etc/a.d/x", "/etc/b.d/x"]
    assert list_paths(walk, "/none/*") == []
    assert [read_text(walk, path) for path in ("/etc/c/x", "/etc/b.d/x", "/etc")] == ["one", "", ""]


def test_a_file_that_cannot_be_read_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "x").write_text("one")

    def fail(path: str) -> bytes:
        raise OSError(errno.EMFILE, "no descriptor", path)

    monkeypatch.setattr(file_patterns, "read_regular_file", fail)
    with pytest.raises(OSError, match="no descriptor"):
        read_text(HostWalk(str(tmp_path)), "/x")
