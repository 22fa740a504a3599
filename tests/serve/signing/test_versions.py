"""The memory of signed versions: an older one, or another one under the same number, is noticed."""

import json
from pathlib import Path

import pytest

from portero.decide.values.errors import LoadError
from portero.serve.signing import versions
from portero.serve.signing.manifest import Manifest

FOLDER = Path("/etc/portero/policy")


def manifest(version: int, content: str = "a", group: str = "web") -> Manifest:
    return Manifest(version, "2026-11-24T15:00:00Z", "key", group, {"site.json": content})


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "state" / "signed-versions.json"


def remember(file: Path, version: int, content: str = "a", *, allow_rollback: bool = False) -> None:
    versions.remember(file, {FOLDER: manifest(version, content)}, allow_rollback=allow_rollback)


def test_nothing_was_seen_before_the_first_time(file: Path) -> None:
    assert versions.read_versions(file) == {}
    assert versions.find_fault({}, manifest(1)) is None


@pytest.mark.parametrize(
    ("version", "content", "fault"),
    [
        (8, "b", None),
        (7, "a", None),
        (6, "a", "is version 6, and version 7 was in force before"),
        (7, "b", "is another version 7 than the one that was in force before"),
    ],
)
def test_a_version_may_only_follow_what_was_in_force(file: Path, version: int, content: str, fault: str | None) -> None:
    remember(file, 7)

    told = versions.find_fault(versions.read_versions(file), manifest(version, content))

    assert (told or "").split(":")[0] == (fault or "")
    assert versions.find_fault(versions.read_versions(file), manifest(version, content, "db")) is None


def test_what_another_process_remembered_meanwhile_counts_unless_a_rollback_is_allowed(file: Path) -> None:
    remember(file, 7)
    with pytest.raises(LoadError, match=f"{FOLDER}: is version 6, and version 7 was in force"):
        remember(file, 6)
    assert versions.read_versions(file)["web"].version == 7

    remember(file, 6, allow_rollback=True)
    assert versions.read_versions(file)["web"].version == 6


def test_other_folders_stay_remembered(file: Path) -> None:
    remember(file, 7)
    versions.remember(file, {Path("/srv/policy"): manifest(1, group="db")}, allow_rollback=False)

    assert {name: seen.version for name, seen in versions.read_versions(file).items()} == {"db": 1, "web": 7}


def test_the_memory_is_roots_own_and_is_left_alone_when_nothing_changed(file: Path) -> None:
    remember(file, 7)
    before = file.stat()
    remember(file, 7)

    assert (before.st_mode & 0o777, file.stat().st_ino) == (0o600, before.st_ino)
    assert [entry.name for entry in file.parent.iterdir()] == [file.name]


@pytest.mark.parametrize(
    "text",
    [
        *("", "{", "[]", "{}", '{"format": 1, "folders": {}}', '{"format": 3, "groups": {}}'),
        *('{"format": 2}', '{"format": 2, "groups": []}'),
    ]
    + [json.dumps({"format": 2, "groups": {"/x": seen}}) for seen in (1, {}, {"version": "1", "content": "a"})],
)
def test_a_memory_that_cannot_be_read_is_refused_rather_than_forgotten(file: Path, text: str) -> None:
    file.parent.mkdir()
    file.write_text(text)

    with pytest.raises(LoadError, match=str(file)):
        versions.read_versions(file)


def test_a_memory_in_a_place_that_cannot_be_had_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(LoadError, match="cannot be read"):
        versions.read_versions(tmp_path / "file" / "state.json")
    with pytest.raises(LoadError, match="choose another PORTERO_STATE"):
        remember(tmp_path / "file" / "state.json", 1)
