"""A folder is opened once; root goes by no link that another account can have put on the way."""

import errno
import os
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from portero.observe.files import held_folder
from portero.observe.files.held_folder import hold_folder
from portero.observe.files.whole_files import create_file, replace_file, write_whole

of_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root gives folders away")
STRANGER = 4321


@pytest.fixture
def theirs(tmp_path: Path) -> Path:
    """A folder of a stranger, with another one in it, beside one of root."""
    tmp_path.chmod(0o755)
    (tmp_path / "roots").mkdir()
    (tmp_path / "roots" / "file").write_text("root's")
    (tmp_path / "theirs" / "project").mkdir(parents=True)
    for folder in (tmp_path / "theirs", tmp_path / "theirs" / "project"):
        os.chown(folder, STRANGER, STRANGER)
    return tmp_path / "theirs"


def lead_away(theirs: Path) -> None:
    """What the stranger can do at any moment."""
    (theirs / "project").rename(theirs / "old")
    (theirs / "project").symlink_to(theirs.parent / "roots")
    os.chown(theirs / "project", STRANGER, STRANGER, follow_symlinks=False)


WRITERS: dict[str, Callable[[Path], None]] = {
    "whole": lambda file: write_whole(file, b"new", 0o600),
    "replaced": lambda file: replace_file(file, b"new", 0o600),
    "created": lambda file: create_file(file.with_name("fresh"), b"new", 0o600),
}


@of_root
@pytest.mark.parametrize("write", WRITERS.values(), ids=WRITERS)
def test_root_writes_through_no_link_of_another_account(theirs: Path, write: Callable[[Path], None]) -> None:
    write(theirs / "project" / "file")
    lead_away(theirs)

    with pytest.raises(OSError, match="another account can lead this link anywhere") as raised:
        write(theirs / "project" / "file")
    assert (raised.value.errno, raised.value.filename) == (errno.ELOOP, str(theirs / "project"))
    assert {one.name: one.read_text() for one in (theirs.parent / "roots").iterdir()} == {"file": "root's"}


@of_root
@pytest.mark.parametrize("mode", [0o755, 0o1777])
@pytest.mark.parametrize("target", ["roots", "{}/roots", "roots/../roots/."])
def test_root_follows_links_that_are_roots_alone(
    theirs: Path, mode: int, target: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = theirs.parent
    (folder / "link").symlink_to(target.format(folder))
    folder.chmod(mode)
    monkeypatch.chdir(folder)

    for name in (folder / "link", Path("link")):
        replace_file(name / "file", b"new", 0o600)
        assert (folder / "roots" / "file").read_text() == "new"


@of_root
def test_a_shared_folder_keeps_no_link_of_root_in_its_place(theirs: Path) -> None:
    folder = theirs.parent
    (folder / "link").symlink_to("roots")
    folder.chmod(0o777)

    with pytest.raises(OSError, match="another account"):
        replace_file(folder / "link" / "file", b"new", 0o600)
    (folder / "circle").symlink_to("circle")
    folder.chmod(0o755)
    with pytest.raises(OSError, match="another account"):
        replace_file(folder / "circle" / "file", b"new", 0o600)


def test_others_go_by_names_as_the_kernel_does(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Root of a user namespace, too: it does not see whose folders are."""
    monkeypatch.setattr(held_folder, "_is_root", lambda user: False)
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")

    replace_file(tmp_path / "link" / "file", b"new", 0o600)
    assert (tmp_path / "real" / "file").read_text() == "new"


@of_root
def test_what_was_led_away_and_back_is_noticed(theirs: Path) -> None:
    with hold_folder(theirs / "project") as held:
        write_whole(theirs.parent / "roots" / "other", b"x", 0o600)
        assert held.is_where_it_was()
        (theirs / "project").rename(theirs / "old")
        (theirs / "old").rename(theirs / "project")
        assert not held.is_where_it_was()


@of_root
def test_a_held_folder_is_the_same_under_another_name(theirs: Path) -> None:
    with hold_folder(theirs / "project") as held:
        lead_away(theirs)
        replace_file(Path("file"), b"new", 0o600, folder=held.descriptor)
        assert held.locate("file").read_text() == "new"
        with pytest.raises(OSError, match="another account"):
            held.is_where_it_was()

    assert (theirs / "old" / "file").read_text() == "new"
    assert (theirs.parent / "roots" / "file").read_text() == "root's"


@of_root
def test_a_pipe_that_becomes_a_link_is_not_written_through(theirs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pipe, real = theirs / "project" / "file", os.stat
    os.mkfifo(pipe)

    def swap(name: str, **options: bool) -> os.stat_result:
        seen = real(name, **options)
        if name == "file":
            pipe.unlink()
            pipe.symlink_to(theirs.parent / "roots" / "file")
        return seen

    monkeypatch.setattr(os, "stat", swap)
    with pytest.raises(OSError, match="symbolic links"):
        replace_file(pipe, b"new", 0o600)
    monkeypatch.undo()
    assert (theirs.parent / "roots" / "file").read_text() == "root's"


@of_root
def test_no_error_on_the_way_is_taken_for_another(theirs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = os.open
    fail = partial(OSError, errno.EMFILE, "Too many open files")

    def limited(name: str, *given: int, **options: int) -> int:
        if name == "project":
            raise fail(name)
        return real(name, *given, **options)

    monkeypatch.setattr(os, "open", limited)
    with pytest.raises(OSError, match="Too many open files"):
        write_whole(theirs / "project" / "file", b"new", 0o600)
