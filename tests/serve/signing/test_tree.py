"""The files of a folder, read once; what could be something else tomorrow is refused."""

import os
import shutil
import socket
from pathlib import Path

import pytest

from portero.decide.values.errors import FileFaults
from portero.serve.signing import tree
from portero.serve.signing.tree import read_tree


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "policy"
    (made / "rules" / "images").mkdir(parents=True)
    (made / "site.json").write_bytes(b"{}")
    (made / "rules" / "images" / "team.json").write_bytes(b"[]")
    return made


def refusals(folder: Path) -> list[tuple[str, str]]:
    with pytest.raises(FileFaults) as refused:
        read_tree(folder)
    return [*refused.value.faults]


def test_every_file_is_held_under_its_name_below_the_folder(folder: Path) -> None:
    (folder / ".hidden").write_bytes(b"x")
    (folder / "empty").mkdir()

    assert read_tree(folder) == {".hidden": b"x", "rules/images/team.json": b"[]", "site.json": b"{}"}


def test_the_folder_itself_may_be_reached_through_a_link(folder: Path) -> None:
    link = folder.parent / "current"
    link.symlink_to(folder)

    assert read_tree(link) == read_tree(folder)


def test_links_below_it_are_refused_whatever_they_lead_to(folder: Path) -> None:
    (folder / "exceptions").symlink_to(folder / "rules")
    (folder / "rules" / "other.json").symlink_to(folder / "site.json")
    (folder / "rules" / "nowhere.json").symlink_to(folder / "missing")

    faults = refusals(folder)

    assert [name for name, _ in faults] == ["exceptions", "rules/nowhere.json", "rules/other.json"]
    assert all(sentence.startswith("is a symbolic link, ") for _, sentence in faults)


def test_pipes_and_sockets_are_refused_without_waiting(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    os.mkfifo(folder / "pipe")
    monkeypatch.chdir(folder)
    with socket.socket(socket.AF_UNIX) as made:
        made.bind("sock")

    assert refusals(folder) == [(name, "is neither a file nor a folder: remove it") for name in ("pipe", "sock")]


LONG = "has a name of more than 512 bytes or 16 parts: give it a shorter one"


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        (os.fsdecode(b"\xff.json"), "has a name that is not UTF-8: rename it"),
        *((name, LONG) for name in ("d/" * 16 + "x", "d/" * 17 + "x", f"{'x' * 250}/{'y' * 250}/{'z' * 11}")),
    ],
    ids=["no text", "17 parts", "18 parts", "513 bytes"],
)
def test_a_name_that_no_policy_has_is_refused(folder: Path, name: str, sentence: str) -> None:
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(b"")

    assert [said for _, said in refusals(folder)] == [sentence]


def test_more_than_a_policy_can_be_is_refused(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tree, "MAX_SIZE", 4)
    assert len(read_tree(folder)) == 2

    monkeypatch.setattr(tree, "MAX_SIZE", 3)
    ((name, sentence),) = refusals(folder)
    assert name in ("site.json", "team.json")
    assert "makes the folder larger" in sentence


def test_folders_count_as_files_do(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tree, "MAX_ENTRIES", 4)
    assert len(read_tree(folder)) == 2
    (folder / "empty").mkdir()

    assert "has the file or folder after number 4" in refusals(folder)[0][1]


@pytest.mark.parametrize("target", ["/etc", "..", "../other"])
def test_a_link_of_another_account_leads_nowhere_else(folder: Path, target: str) -> None:
    own = folder.parent / "own"
    (own / "versions").mkdir(parents=True)
    (folder.parent / "other").mkdir()
    shutil.copytree(folder, own / "versions" / "1")
    (own / "current").symlink_to("versions/1")
    assert read_tree(own / "current", own) == read_tree(folder)
    (own / "current").unlink()
    (own / "current").symlink_to(target)

    with pytest.raises(FileFaults, match=f"leads out of {own}"):
        read_tree(own / "current", own)


def test_a_folder_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        read_tree(tmp_path / "missing")
    (tmp_path / "file").write_text("")
    with pytest.raises(NotADirectoryError):
        read_tree(tmp_path / "file")
    (tmp_path / "loop").symlink_to("loop")
    for within in (None, tmp_path / "loop"):
        with pytest.raises(OSError, match="levels of symbolic links"):
            read_tree(tmp_path / "loop" if within is None else tmp_path, within)


def test_a_folder_below_that_cannot_be_read_is_no_empty_one(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: object) -> None:
        raise PermissionError(13, "Permission denied", "rules")

    monkeypatch.setattr(os, "scandir", refuse)

    with pytest.raises(PermissionError):
        read_tree(folder)
