"""`portero login`: the token goes into docker's configuration, and out again; it is printed nowhere."""

import json
import time
from pathlib import Path

import pytest
from click.testing import Result

from portero.decide.identity.trusted import TOKEN_HEADER
from portero.tools.cli.login import set_header
from tests.decide.identity.token_makers import token
from tests.tools.cli.running import fault_of, portero


def run(folder: Path, *arguments: str, text: str | None = None) -> Result:
    return portero("login", *arguments, text=text, DOCKER_CONFIG=str(folder))


def headers(folder: Path) -> dict[str, str]:
    found: dict[str, str] = json.loads((folder / "config.json").read_text()).get("HttpHeaders", {})
    return found


@pytest.fixture
def good() -> str:
    return token(iat=int(time.time()), exp=int(time.time()) + 600)


def test_a_token_from_standard_input_is_sent_from_now_on(tmp_path: Path, good: str) -> None:
    result = run(tmp_path, "--token", "-", text=good + "\n")

    assert result.exit_code == 0
    assert headers(tmp_path) == {"X-Portero-Token": good}
    assert result.output.startswith(
        f"{tmp_path}/config.json: docker sends the token of https://login.example.com until 2"
    )
    assert good.split(".")[1] not in result.output


def test_a_command_can_print_the_token(tmp_path: Path, good: str) -> None:
    (tmp_path / "token").write_text(good)

    assert run(tmp_path, "--command", f"cat {tmp_path}/token").exit_code == 0
    assert headers(tmp_path) == {"X-Portero-Token": good}


def test_the_folder_can_be_named(tmp_path: Path, good: str) -> None:
    assert run(tmp_path / "a", "--config", str(tmp_path / "b"), "--token", "-", text=good).exit_code == 0
    assert not (tmp_path / "a").exists()
    assert headers(tmp_path / "b")


def test_logout_takes_it_out_again(tmp_path: Path, good: str) -> None:
    run(tmp_path, "--token", "-", text=good)

    assert run(tmp_path, "--logout").output.endswith("no token is sent any more\n")
    assert headers(tmp_path) == {}
    assert run(tmp_path, "--logout").output.endswith("had no token\n")


@pytest.mark.parametrize("arguments", [[], ["--token", "a.b.c"], ["--token", "-", "--logout"], ["--command", ""]])
def test_one_source_is_named(tmp_path: Path, arguments: list[str]) -> None:
    fault = fault_of(run(tmp_path, *arguments))

    assert "name one of --token - (standard input), --command CMD and --logout" in fault
    assert not (tmp_path / "config.json").exists()


@pytest.mark.parametrize(
    ("arguments", "text", "fault"),
    [
        (["--token", "-"], "no token", "not a token"),
        (["--token", "-"], token(exp=1_000_000_000), "the token has expired"),
        (["--token", "-"], token(exp=None), "the token has expired"),
        (["--command", "exit 3"], None, "ended with status 3"),
        (["--command", "true"], None, "not a token"),
    ],
)
def test_what_is_no_good_token_is_not_kept(tmp_path: Path, arguments: list[str], text: str | None, fault: str) -> None:
    assert fault in fault_of(run(tmp_path, *arguments, text=text))
    assert not (tmp_path / "config.json").exists()


def test_a_header_is_set_in_a_new_file_that_only_its_owner_reads(tmp_path: Path) -> None:
    file = tmp_path / ".docker/config.json"

    assert set_header(file, "a.b.c")

    assert json.loads(file.read_text()) == {"HttpHeaders": {TOKEN_HEADER: "a.b.c"}}
    assert (file.stat().st_mode & 0o777, file.parent.stat().st_mode & 0o777) == (0o600, 0o700)


def test_everything_else_is_kept_and_other_spellings_of_the_header_go(tmp_path: Path) -> None:
    file = tmp_path / "config.json"
    before = {"auths": {"r.example.com": {"auth": "eA=="}}, "HttpHeaders": {"x-portero-TOKEN": "old", "X-Team": "a"}}
    file.write_text(json.dumps(before))
    file.chmod(0o644)

    set_header(file, "a.b.c")

    assert json.loads(file.read_text()) == {**before, "HttpHeaders": {"X-Team": "a", TOKEN_HEADER: "a.b.c"}}
    assert file.stat().st_mode & 0o777 == 0o600


def test_a_header_is_taken_out_and_leaves_no_empty_object(tmp_path: Path) -> None:
    file = tmp_path / "config.json"
    file.write_text(json.dumps({"HttpHeaders": {"x-portero-token": "old"}, "currentContext": "prod"}))

    assert set_header(file, None)
    assert json.loads(file.read_text()) == {"currentContext": "prod"}
    assert not set_header(file, None)
    assert not set_header(tmp_path / "other.json", None)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("{", "is no JSON object: fix it, or move it away"),
        ("[]", "is no JSON object: fix it, or move it away"),
        *((text, "HttpHeaders is no object: write it") for text in ('{"HttpHeaders": ["x"]}', '{"HttpHeaders": "x"}')),
    ],
)
def test_a_configuration_that_is_not_understood_is_left_alone(tmp_path: Path, good: str, text: str, why: str) -> None:
    (tmp_path / "config.json").write_text(text)

    assert why in fault_of(run(tmp_path, "--token", "-", text=good))
    assert (tmp_path / "config.json").read_text() == text


def test_an_empty_file_is_an_empty_configuration(tmp_path: Path) -> None:
    (tmp_path / "config.json").touch()
    assert set_header(tmp_path / "config.json", "a.b.c")


def test_a_link_is_not_written_through(tmp_path: Path) -> None:
    (tmp_path / "real.json").write_text("{}")
    (tmp_path / "config.json").symlink_to(tmp_path / "real.json")

    with pytest.raises(OSError, match="symbolic link"):
        set_header(tmp_path / "config.json", "a.b.c")
