"""An open file against the file of its name."""

from pathlib import Path

from portero.files.locks import is_rotated


def test_a_file_in_its_place_is_not_rotated_and_one_moved_replaced_or_removed_is(tmp_path: Path) -> None:
    file = tmp_path / "log"
    with file.open("ab") as opened:
        seen = [is_rotated(file, opened.fileno())]
        file.rename(tmp_path / "log.1")
        seen.append(is_rotated(file, opened.fileno()))
        file.touch()
        seen.append(is_rotated(file, opened.fileno()))
        (tmp_path / "log.1").rename(file)
        seen.append(is_rotated(file, opened.fileno()))

    assert seen == [False, True, True, False]
