"""Which files of this machine a Compose command may read."""

import json
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from portero.tools.compose import project
from portero.tools.compose.project import add_external_objects, list_builds, make_session
from portero.tools.recording.request_files import InvalidRequestFile
from portero.tools.standin.objects import State


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("compose.yaml", "compose.override.yaml", "sub/x", "other/prod.yaml", "vars"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    return tmp_path


@pytest.mark.parametrize(("file", "is_wider"), [("compose.yaml", False), ("other/prod.yaml", True)])
def test_a_file_shows_its_own_folder_or_a_wider_one(folder: Path, file: str, is_wider: bool) -> None:
    assert project.open_files([str(folder / file)], str(folder) if is_wider else None).shown == (str(folder),)


def test_a_command_without_files_takes_those_of_the_folder_above_as_compose_does(folder: Path) -> None:
    of = project.open_command(["-p", "x"], str(folder / "sub"), None)

    assert of.files == (str(folder / "compose.yaml"), str(folder / "compose.override.yaml"))
    assert of.shown == (str(folder),)


@pytest.mark.parametrize(
    "options",
    [["-f", "other/prod.yaml"], ["--file", "other/prod.yaml"], ["--file=other/prod.yaml"], ["-fother/prod.yaml"]],
)
def test_named_files_are_shown_with_the_folder_of_the_first(folder: Path, options: list[str]) -> None:
    of = project.open_command([*options, "--env-file", "vars"], str(folder), None)

    assert of.files == (str(folder / "other/prod.yaml"),)
    assert of.shown[0] == str(folder / "other")
    assert str(folder / "vars") in of.shown
    assert str(folder) not in of.shown


def test_a_file_of_another_folder_is_shown_and_no_link_below_the_folder_is(folder: Path, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere.yaml"
    elsewhere.write_text("")
    (folder / "other" / "link.yaml").symlink_to("/etc/hostname")
    named = [str(folder / "other" / "prod.yaml"), str(folder / "other" / "link.yaml"), str(elsewhere)]

    assert project.open_files(named, None).shown == (str(folder / "other"), str(elsewhere))


def test_a_link_to_a_folder_is_shown_under_both_names(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(folder / "other")

    of = project.open_files([str(tmp_path / "link" / "prod.yaml")], None)

    assert of.shown == (str(tmp_path / "link"), str(folder / "other"))


def test_the_whole_host_is_no_project_and_a_named_file_that_is_missing_is_reported(folder: Path) -> None:
    with pytest.raises(InvalidRequestFile, match="whole host"):
        project.open_files(["/compose.yaml"], None)
    with pytest.raises(InvalidRequestFile, match=r"none\.env: does not exist"):
        project.open_command(["--env-file", "none.env"], str(folder), None)


@pytest.mark.parametrize(
    ("name", "expected"), [("compose.yaml", True), ("a/b.yml", True), ("x.json", False), ("-", False)]
)
def test_a_compose_file_is_known_by_its_name(name: str, expected: bool) -> None:
    assert project.is_compose(name) is expected


PROJECT = {
    "networks": {"default": {"name": "p_default"}, "shared": {"name": "shared-net", "external": True}},
    "volumes": {"data": {"name": "elsewhere", "external": True}, "own": {"name": "p_own"}},
}


def query(section: dict[str, Any]) -> dict[str, list[str]]:
    ((name, posted, judged),) = list_builds(json.dumps({"services": {"web": {"build": section}, "db": {}}}))
    asked = json.loads(posted)
    found = parse_qs(urlsplit(asked["RequestUri"]).query)
    assert (name, asked["RequestMethod"], found.pop("version")) == ("web", "POST", ["2"])
    assert judged == found.keys()
    return found


@pytest.mark.parametrize(
    ("section", "asked"),
    [
        ({"context": "/src", "dockerfile": "Dockerfile"}, {}),
        ({"context": "https://example.com/a.git"}, {"remote": ["https://example.com/a.git"]}),
        ({"context": "git@example.com:a.git"}, {"remote": ["git@example.com:a.git"]}),
        ({"network": "host"}, {"networkmode": ["host"]}),
        ({"entitlements": ["network.host"]}, {"networkmode": ["host"]}),
        ({"privileged": True}, {"securityopt": ["security.insecure"]}),
        ({"entitlements": ["security.insecure"]}, {"securityopt": ["security.insecure"]}),
        ({"shm_size": "134217728"}, {"shmsize": ["134217728"]}),
        ({"extra_hosts": ["db=10.0.0.1"]}, {"extrahosts": ["db:10.0.0.1"]}),
        ({"args": {"TOKEN": "x"}}, {"buildargs": ['{"TOKEN": "x"}']}),
        ({"ulimits": {"nproc": 5, "nofile": {"soft": 1, "hard": 2}}}, {"ulimits": [
            '[{"Name": "nproc", "Soft": 5, "Hard": 5}, {"Name": "nofile", "Soft": 1, "Hard": 2}]'
        ]}),
    ],
)  # fmt: skip
def test_a_section_is_a_build_with_what_it_says(section: dict[str, Any], asked: dict[str, list[str]]) -> None:
    assert query(section) == asked


@pytest.mark.parametrize("config", ["", "[]", "{}", '{"services": {"web": {"image": "x"}}}', "[" * 100_000])
def test_without_a_build_there_is_no_request(config: str) -> None:
    assert [*list_builds(config)] == []


def test_buildkit_opens_a_session() -> None:
    assert json.loads(make_session())["RequestUri"].endswith("/session")


def test_external_networks_and_volumes_of_a_project_are_there() -> None:
    state = State()

    add_external_objects(state, json.dumps(PROJECT))

    assert "shared-net" in {body["Name"] for body in state.networks.values()}
    assert "p_default" not in {body["Name"] for body in state.networks.values()}
    assert set(state.volumes) == {"elsewhere"}


@pytest.mark.parametrize("config", ["", "nothing of JSON", "[]", "[" * 100_000])
def test_a_project_that_compose_cannot_read_leaves_the_stand_in_as_it_is(config: str) -> None:
    state = State()

    add_external_objects(state, config)

    assert state.volumes == {}
