"""A command as it was typed, corrected: whatever the spelling of its flags."""

import shlex
from pathlib import Path

import pytest

from portero.cli.typed_command import correct
from tests.captured import table

ADD = [("-m", "1g")]


def corrected(command: str, *gone: tuple[str, ...], subcommand: int = 1) -> str:
    return shlex.join(correct(shlex.split(command), subcommand, ADD, gone, "/home/joe"))


# A line each: the flags as they were typed, the one that goes, and what is kept.
LINES = table(Path(__file__).with_name("command-words.tsv"))


@pytest.mark.parametrize("line", LINES, ids=lambda line: line["typed"])
def test_a_flag_goes_however_it_was_typed(line: dict[str, str]) -> None:
    flag, *value = line["gone"].split(" ", 1)
    expected = " ".join(f"docker run -m 1g {line['kept']} busybox sh -c 'echo -m 4g'".split())

    assert corrected(f"docker run {line['typed']} busybox sh -c 'echo -m 4g'", (flag, *value)) == expected


@pytest.mark.parametrize(
    ("command", "subcommand", "gone", "expected"),
    [
        ("docker container run --privileged x", 1, ("--privileged",), "docker container run -m 1g x"),
        ("docker --log-level info run --privileged x", 3, ("--privileged",), "docker --log-level info run -m 1g x"),
        ("docker update web --pids-limit -1", 1, ("--pids-limit", "-1"), "docker update -m 1g web"),
        (
            "docker volume create v -o type=none --opt o=bind",
            1,
            ("-o", "type=none"),
            "docker volume create -m 1g v --opt o=bind",
        ),
        ("docker network create --internal -o a=1 n", 1, ("-o", "a=1"), "docker network create -m 1g --internal n"),
        ("docker build --pull -m 4g .", 1, ("-m", "4g"), "docker build -m 1g --pull ."),
        (
            "docker service create -p 80:80 --limit-memory 4g x",
            1,
            ("--limit-memory", "4g"),
            "docker service create -m 1g -p 80:80 x",
        ),
        ("docker run --privileged -- x --privileged", 1, ("--privileged",), "docker run -m 1g -- x --privileged"),
    ],
)
def test_each_command_has_its_options_where_it_takes_them(
    command: str, subcommand: int, gone: tuple[str, ...], expected: str
) -> None:
    assert corrected(command, gone, subcommand=subcommand) == expected
