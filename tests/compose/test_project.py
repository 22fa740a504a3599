"""Which files of this machine a Compose command may read."""

from pathlib import Path

import pytest

from portero.compose import project
from portero.compose.run import SandboxError


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("compose.yaml", "compose.override.yaml", "sub/x", "other/prod.yaml", "vars"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    return tmp_path


def test_a_file_shows_its_own_folder(folder: Path) -> None:
    assert project.from_files([str(folder / "compose.yaml")], None).shown == (str(folder),)


def test_a_wider_folder_is_shown_instead(folder: Path) -> None:
    assert project.from_files([str(folder / "other" / "prod.yaml")], str(folder)).shown == (str(folder),)


def test_a_command_without_files_takes_those_of_the_folder_above_as_compose_does(folder: Path) -> None:
    of = project.from_command(["-p", "x"], str(folder / "sub"), None)

    assert of.files == (str(folder / "compose.yaml"), str(folder / "compose.override.yaml"))
    assert of.shown == (str(folder),)


@pytest.mark.parametrize(
    "options",
    [["-f", "other/prod.yaml"], ["--file", "other/prod.yaml"], ["--file=other/prod.yaml"], ["-fother/prod.yaml"]],
)
def test_named_files_are_shown_with_the_folder_of_the_first(folder: Path, options: list[str]) -> None:
    of = project.from_command([*options, "--env-file", "vars"], str(folder), None)

    assert of.files == (str(folder / "other/prod.yaml"),)
    assert of.shown[0] == str(folder / "other")
    assert str(folder / "vars") in of.shown
    assert str(folder) not in of.shown


def test_a_file_of_another_folder_is_shown_and_no_link_below_the_folder_is(folder: Path, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere.yaml"
    elsewhere.write_text("")
    (folder / "other" / "link.yaml").symlink_to("/etc/hostname")
    named = [str(folder / "other" / "prod.yaml"), str(folder / "other" / "link.yaml"), str(elsewhere)]

    assert project.from_files(named, None).shown == (str(folder / "other"), str(elsewhere))


def test_a_link_to_a_folder_is_shown_under_both_names(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(folder / "other")

    of = project.from_files([str(tmp_path / "link" / "prod.yaml")], None)

    assert of.shown == (str(tmp_path / "link"), str(folder / "other"))


def test_the_whole_host_is_no_project() -> None:
    with pytest.raises(SandboxError, match="whole host"):
        project.from_files(["/compose.yaml"], None)


def test_a_named_file_that_is_missing_is_reported(folder: Path) -> None:
    with pytest.raises(SandboxError, match=r"none\.env: does not exist"):
        project.from_command(["--env-file", "none.env"], str(folder), None)


@pytest.mark.parametrize(
    ("name", "expected"), [("compose.yaml", True), ("a/b.yml", True), ("x.json", False), ("-", False)]
)
def test_a_compose_file_is_known_by_its_name(name: str, expected: bool) -> None:
    assert project.is_compose(name) is expected
