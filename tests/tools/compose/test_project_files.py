"""Which compose files make a project: what Compose would read is judged, each project once."""

import os
from pathlib import Path

import pytest

from portero.tools.compose.project_files import complete_projects, find_files, find_main, find_projects
from portero.tools.recording.request_files import InvalidRequestFile
from tests.failing import fail_with
from tests.tools.cli.running import check, fault_of, portero, refused
from tests.tools.compose.test_requests import needs_compose

PLAIN = "services:\n  web: {image: nginx}\n"
PRIVILEGED = "services:\n  web: {privileged: true}\n"


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for name in ("COMPOSE_FILE", "COMPOSE_PATH_SEPARATOR"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


def write(**files: str) -> None:
    for name, text in files.items():
        path = Path(name.replace("__", "/").replace("_", "."))
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


@needs_compose
def test_a_file_with_a_default_name_is_judged_with_the_override_beside_it() -> None:
    write(compose_yaml=PLAIN, compose_override_yaml=PRIVILEGED)

    found = check("compose.yaml")

    assert found.exit_code == 1
    assert "compose.yaml is judged with compose.override.yaml; alone it would be allowed" in found.output
    assert refused(check("compose.yaml", "compose.override.yaml", "--json")) == refused(check("compose.yaml", "--json"))
    assert refused(check("compose.override.yaml", "--json")) == refused(check("compose.yaml", "--json"))
    assert check("-f", "compose.yaml").exit_code == 0


@needs_compose
@pytest.mark.parametrize(
    ("env_file", "environ"),
    [
        ("COMPOSE_FILE=compose.yaml:prod.yaml\n", {}),
        ("export COMPOSE_FILE = compose.yaml:prod.yaml # both\n", {}),
        ('COMPOSE_PATH_SEPARATOR=","\nCOMPOSE_FILE="compose.yaml,prod.yaml"\n', {}),
        ("COMPOSE_FILE: 'compose.yaml:prod.yaml'\n", {}),
        ("COMPOSE_FILE=compose.yaml\n", {"COMPOSE_FILE": "compose.yaml:prod.yaml"}),
        ("", {"COMPOSE_FILE": "compose.yaml,prod.yaml", "COMPOSE_PATH_SEPARATOR": ","}),
    ],
)
def test_compose_file_chooses_where_no_file_is_named(env_file: str, environ: dict[str, str]) -> None:
    write(compose_yaml=PLAIN, prod_yaml=PRIVILEGED)
    Path(".env").write_text(env_file)

    found = portero("check", "--host-root", "none", "--profile", "baseline", **environ)
    tried = portero(
        *("try", "--host-root", "none", "--profile", "baseline", "--", "docker-compose", "create"), **environ
    )

    assert (found.exit_code, tried.exit_code) == (1, 1), (found.output, tried.output)
    assert "no-privileged" in found.output
    assert check("compose.yaml").exit_code == 0


def test_a_variable_in_the_choice_is_not_guessed(here: Path) -> None:
    Path(".env").write_text('COMPOSE_FILE="compose.yaml:${OTHER}"\n')
    cure = f"{here}/.env: COMPOSE_FILE is not a plain text; name the compose files (-f FILE)"
    assert cure in fault_of(portero("check"))
    Path(".env").write_text("COMPOSE_FILE=../other.yaml\n")
    assert "lies outside the project folder; name the compose files (-f FILE)" in fault_of(portero("check"))


def test_a_file_that_cannot_be_read_is_not_one_without_a_choice(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("portero.tools.compose.project_files.read_regular_file", fail_with(24))
    with pytest.raises(InvalidRequestFile, match=r"\.env: Too many open files"):
        find_files(str(here), {})


def test_of_several_names_compose_takes_the_first(here: Path) -> None:
    write(compose_yml="", docker_compose="", compose_override_yaml="", sub__x="")
    Path("docker-compose.yml").touch()
    Path("compose.override.yml").touch()

    assert find_files(str(here / "sub"), {}) == (f"{here}/compose.yml", f"{here}/compose.override.yml")
    assert find_files("/", {}) == ()
    assert complete_projects(["docker-compose.yml", "x.yaml"]) == [
        ("docker-compose.yml", "compose.override.yml"),
        ("x.yaml",),
    ]
    assert find_main("prod.yaml") == "compose.yml"


def test_a_folder_has_all_projects_below_it_and_no_link_leads_out(here: Path) -> None:
    write(a__compose_yaml="", a__compose_override_yaml="", b__c__compose_yml="")
    for path in ("node_modules/x/compose.yaml", ".git/compose.yaml", "elsewhere/other.yaml"):
        Path(path).parent.mkdir(parents=True)
        Path(path).touch()
    Path("linked").symlink_to(here / "a")
    Path("elsewhere/compose.yaml").symlink_to("other.yaml")

    for folder in (".", "./"):
        assert [*find_projects(folder)] == [("a/compose.yaml", "a/compose.override.yaml"), ("b/c/compose.yml",)]
    assert [*find_projects("./b/c")] == [*find_projects("b/c")] == [("b/c/compose.yml",)]
    os.chdir("b/c")
    assert [*find_projects(".")] == [("compose.yml",)]
    assert [*find_projects("..")] == [("../c/compose.yml",)]


@needs_compose
def test_a_folder_is_judged_with_all_its_projects(here: Path) -> None:
    write(a__compose_yaml=PLAIN, b__compose_yaml=PLAIN)
    write(b__compose_override_yaml=PRIVILEGED)

    assert refused(check("--json", here))[f"{here}/b/compose.override.yaml:2 (web)"] == {"no-privileged"}
    os.mkdir("empty")
    assert "empty: no compose file in it or below it" in fault_of(check("empty"))


@needs_compose
def test_a_file_that_only_adds_goes_with_the_default_one() -> None:
    write(compose_yaml=PLAIN, prod_yaml=PRIVILEGED)

    assert "no-privileged" in check("prod.yaml").output
    Path("compose.yaml").unlink()
    assert "prod.yaml: " in fault_of(check("prod.yaml"))
