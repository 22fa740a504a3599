"""Running a client: its environment, its terminal, the end of its time."""

import time
from pathlib import Path

import pytest

from portero.tools.standin import docker_command

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
