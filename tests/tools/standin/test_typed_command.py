"""A command as it was typed, corrected: whatever the spelling of its flags."""

import shlex
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from portero.decide.decision import Decision, Subject, Violation
from portero.decide.values.denial_parts import Proposed
from portero.tools.standin import typed_command
from portero.tools.standin.command_line import CommandLine, parse_command
from portero.tools.standin.typed_command import correct_command
from tests.captured import table
from tests.decided import decided
from tests.tools.cli.running import portero, read_json

ADD = [("-m", "1g")]
needs_docker = pytest.mark.skipif(shutil.which("docker") is None, reason="needs the docker command")


def corrected(command: str, *gone: tuple[str, ...], subcommand: int = 1) -> str:
    return shlex.join(correct_command(shlex.split(command), subcommand, ADD, gone, "/home/joe"))


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
        ("docker volume create v -o a=1 --opt b=2", 1, ("-o", "a=1"), "docker volume create -m 1g v --opt b=2"),
        ("docker network create --internal -o a=1 n", 1, ("-o", "a=1"), "docker network create -m 1g --internal n"),
        ("docker build --pull -m 4g .", 1, ("-m", "4g"), "docker build -m 1g --pull ."),
        (
            "docker service create -p 1:1 --limit-cpu 4 x",
            1,
            ("--limit-cpu", "4"),
            "docker service create -m 1g -p 1:1 x",
        ),
        ("docker run --privileged -- x --privileged", 1, ("--privileged",), "docker run -m 1g -- x --privileged"),
    ],
)
def test_each_command_has_options_in_place(command: str, subcommand: int, gone: Sequence[str], expected: str) -> None:
    assert corrected(command, gone, subcommand=subcommand) == expected


LIMITS = "-m 1g --memory-swap 1g --cpus 1 --pids-limit 200 --ulimit nofile=4096:10240"


def decision(proposed: Proposed | None, *, refused: bool = True) -> Decision:
    violation = Violation("r", "baseline", "X", "deny", "It harms.", {"docker": "drop it"})
    said = (violation,) if refused else ()
    return decided(*said, subject=Subject(operation="ContainerCreate"), suggestion=proposed)


DROP = Proposed("docker run", without=(("--privileged",),))
ALLOWED = decision(None, refused=False)


def found_command(command: str, first: Decision, *later: Decision) -> tuple[str, list[str]]:
    """The command that is found, and the commands that were tried for it."""
    answers = iter(later)
    tried: list[str] = []

    def try_words(words: CommandLine) -> Sequence[Decision]:
        tried.append(shlex.join(words.all))
        return [next(answers)]

    return typed_command.find_allowed(parse_command(shlex.split(command)), [first], try_words), tried


def test_what_is_found_was_tried_and_allowed() -> None:
    assert found_command("docker run --privileged x 'a b'", decision(DROP), ALLOWED) == (
        "docker run x 'a b'",
        ["docker run x 'a b'"],
    )


def test_a_second_refusal_is_corrected_too() -> None:
    add = Proposed("docker run", add=(("--cpus", "1"),))

    found, tried = found_command("docker run --privileged x", decision(DROP), decision(add), ALLOWED)

    assert found == "docker run --cpus 1 x"
    assert len(tried) == 2


@pytest.mark.parametrize(
    ("command", "first", "later"),
    [
        ("docker run --privileged x", decision(None), ()),
        ("docker run x", decision(Proposed("docker run", add=(("-m", "1g"),), still=("image-tag",))), ()),
        ("docker service create x", decision(DROP), ()),
        ("docker run --privileged x", decision(DROP), [decision(DROP)] * 3),
        ("docker run --privileged x 'a\nb'", decision(DROP), [ALLOWED]),
    ],
    ids=["no proposal", "a part", "another command", "refused for ever", "no line to paste"],
)
def test_nothing_is_printed_that_would_not_work(command: str, first: Decision, later: Any) -> None:
    assert found_command(command, first, *later)[0] == ""


@needs_docker
@pytest.mark.parametrize(
    ("command", "expected"),
    [
        (
            "docker run -dp 80:80 --name x -v/var/run/docker.sock:/var/run/docker.sock -m4g nginx sh -c 'a b'",
            f"docker run {LIMITS} -d -p 80:80 --name x nginx sh -c 'a b'",
        ),
        ("docker container create --net=host busybox", f"docker container create {LIMITS} busybox"),
        ("docker exec --privileged web id", "docker exec web id"),
        ("docker volume create v -o type=none -o o=bind -o device=/etc", "docker volume create v"),
    ],
)
def test_the_whole_command_is_the_last_line(command: str, expected: str) -> None:
    options = ["--profile", "hardened", "--host-root", "none"]
    result = portero("try", *options, "--", *shlex.split(command))

    assert result.exit_code == 1
    assert result.output.splitlines()[-2:] == ["this command is allowed:", expected]


@needs_docker
@pytest.mark.parametrize(("words", "corrected"), [(["--privileged", "x"], "docker run x"), (["x"], None)])
def test_machines_read_it_too(words: list[str], corrected: str | None) -> None:
    options = ["--profile", "baseline", "--host-root", "none", "--json"]

    assert read_json(portero("try", *options, "--", "docker", "run", *words))["corrected"] == corrected
