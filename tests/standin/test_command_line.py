"""The words of a command: where its subcommand stands, whether it needs a terminal, and what is not tried."""

import pytest

from portero.standin.command_line import NotTried, read


@pytest.mark.parametrize(
    ("command", "subcommand", "is_compose"),
    [
        ("docker run busybox", 1, False),
        ("/usr/bin/docker run busybox", 1, False),
        ("docker -D --log-level debug -l info run -c 512 busybox", 6, False),
        ("docker --config=/tmp/x ps", 2, False),
        ("docker compose -f a.yaml --profile=x up -d", 5, True),
        ("docker-compose -fcompose.yaml -p shop --env-file e up", 6, True),
        ("docker-compose", 1, True),
        ("docker --config", 2, False),
        ("docker", 1, False),
    ],
)
def test_the_subcommand_comes_after_the_global_options(command: str, subcommand: int, is_compose: bool) -> None:
    for given in (command.split(), tuple(command.split())):
        words = read(given)

        assert (words.subcommand, words.is_compose) == (subcommand, is_compose)


@pytest.mark.parametrize(
    "command",
    [
        "docker -H tcp://example.com ps",
        "docker -Htcp://example.com ps",
        "docker -DH tcp://example.com ps",
        "docker --host=unix:///run/docker.sock rm -f web",
        "docker -c other ps",
        "docker --context other ps",
        "docker --tlsverify ps",
        "docker compose --context other up",
        "docker-compose -H tcp://example.com up",
    ],
)
def test_what_leads_to_a_real_daemon_is_not_tried(command: str) -> None:
    with pytest.raises(NotTried, match="would use a real daemon instead of the stand-in"):
        read(command.split())


@pytest.mark.parametrize("command", ["sudo docker ps", "bash -c docker", "dockerd", "make"])
def test_another_program_is_not_tried(command: str) -> None:
    with pytest.raises(NotTried, match="not docker or docker-compose"):
        read(command.split())


@pytest.mark.parametrize("command", ["docker logout", "docker context rm x", "docker -D trust sign x"])
def test_what_only_changes_the_users_own_files_is_not_tried(command: str) -> None:
    with pytest.raises(NotTried, match="may change your own files"):
        read(command.split())


@pytest.mark.parametrize("host_option", ["docker service create --host a:1.2.3.4 busybox", "docker run -h web busybox"])
def test_options_of_the_subcommand_may_look_alike(host_option: str) -> None:
    assert read(host_option.split()).subcommand == 1


@pytest.mark.parametrize(
    ("command", "asks"),
    [
        ("docker run -it busybox", True),
        ("docker exec -t web sh", True),
        ("docker container run --tty busybox", True),
        ("docker-compose run -it web sh", True),
        ("docker run --tty=false busybox", False),
        ("docker run -i busybox cat", False),
        ("docker build -t app -", False),
        ("docker stop -t 1 web", False),
    ],
)
def test_only_run_and_exec_ask_for_a_terminal(command: str, asks: bool) -> None:
    assert read(command.split()).asks_for_terminal is asks
