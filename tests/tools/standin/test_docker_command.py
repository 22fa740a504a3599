"""Running a client: its environment, its terminal, the end of its time."""

import json
import time
from pathlib import Path
from typing import Any

import pytest

from portero.tools.standin import docker_command
from portero.tools.standin.docker_command import NotTried, parse_command, split_words

SOCKET = Path("/tmp/x/docker.sock")


def test_the_stand_in_is_the_one_daemon_and_the_users_configuration_stays() -> None:
    environ = {"DOCKER_CONTEXT": "prod", "DOCKER_TLS_VERIFY": "1", "DOCKER_HOST": "tcp://x", "DOCKER_CONFIG": "/c"}

    assert docker_command.make_environment(environ, SOCKET) == {
        "DOCKER_HOST": "unix:///tmp/x/docker.sock",
        "DOCKER_CONFIG": "/c",
    }


def test_status_and_output_are_those_of_the_command() -> None:
    ended = docker_command.run(["sh", "-c", "echo out; echo err >&2; exit 3"], {"PATH": "/usr/bin:/bin"}, 10)

    assert (ended.status, ended.output) == (3, "out\nerr\n")


def test_a_command_gets_a_terminal_when_it_asks_for_one() -> None:
    assert docker_command.run(["test", "-t", "0"], {"PATH": "/usr/bin:/bin"}, 10, terminal=True).status == 0


def test_a_command_ends_when_its_time_is_up_and_so_does_what_it_started() -> None:
    began = time.monotonic()

    ended = docker_command.run(["sh", "-c", "sleep 60 & sleep 60"], {"PATH": "/usr/bin:/bin"}, 0.2)

    assert ended.status is None
    assert time.monotonic() - began < 10


def test_a_command_that_is_not_there_is_an_error_of_the_system() -> None:
    with pytest.raises(FileNotFoundError):
        docker_command.run(["no-such-command"], {"PATH": "/usr/bin:/bin"}, 1)


def test_a_command_that_does_not_listen_is_ended_all_the_same() -> None:
    assert docker_command.run(["sh", "-c", "trap '' TERM; sleep 60"], {"PATH": "/usr/bin:/bin"}, 0.2).status is None


LINES = [json.loads(line) for line in Path(__file__).with_name("command-lines.jsonl").read_text().splitlines()]


@pytest.mark.parametrize("line", [line for line in LINES if "notTried" not in line], ids=lambda line: line["command"])
def test_a_command_is_read_as_docker_reads_it(line: dict[str, Any]) -> None:
    for given in (line["command"].split(), tuple(line["command"].split())):
        words = parse_command(given)

        assert (words.subcommand, words.is_compose) == (line["subcommand"], line["compose"])
        assert words.asks_for_terminal is line.get("terminal", words.asks_for_terminal)


@pytest.mark.parametrize("line", [line for line in LINES if "notTried" in line], ids=lambda line: line["command"])
def test_what_has_an_effect_beside_the_stand_in_is_not_tried(line: dict[str, Any]) -> None:
    with pytest.raises(NotTried, match=line["notTried"]):
        parse_command(line["command"].split())


@pytest.mark.parametrize(
    ("words", "pieces"),
    [
        (["-dit", "web"], [("-d", ""), ("-i", ""), ("-t", ""), "web"]),
        (["-dp80:80", "-m=1g", "-v", "/a:/b"], [("-d", ""), ("-p", "80:80"), ("-m", "1g"), ("-v", "/a:/b")]),
        (["--name=web", "--memory", "1g", "-d"], [("--name", "web"), ("--memory", "1g"), ("-d", "")]),
        (["web", "-d", "--", "-p"], ["web", ("-d", ""), "--", "-p"]),
        (["-", "-m"], ["-", ("-m", "")]),
    ],
    ids=["letters", "short", "long", "end-of-options", "no-value"],
)
def test_options_are_told_from_other_words(words: list[str], pieces: list[str | tuple[str, str]]) -> None:
    split = split_words(words, lambda name: name not in ("-d", "-i", "-t"), stops=False)

    assert [one if isinstance(one, str) else (one.name, one.value) for one in split] == pieces


def test_behind_the_first_other_word_nothing_is_an_option() -> None:
    assert [*split_words(["web", "-d"], lambda name: True, stops=True)] == ["web", "-d"]
