"""The whole command that `portero try` prints when it is refused: ready to paste, and allowed."""

import json
import shlex
import shutil
from collections.abc import Sequence
from typing import Any

import pytest
from click.testing import CliRunner

from portero.cli import corrected_command, main
from portero.decision import Decision, Subject, Violation
from portero.standin.subcommand import CommandLine, parse_command
from portero.values.denial_parts import Proposed

LIMITS = "-m 1g --memory-swap 1g --cpus 1 --pids-limit 200 --ulimit nofile=4096:10240"


def decision(proposed: Proposed | None, *, refused: bool = True) -> Decision:
    violation = Violation("r", "baseline", "X", "deny", "It harms.", {"docker": "drop it"})
    return Decision(
        id="try",
        time=0.0,
        subject=Subject(operation="ContainerCreate"),
        violations=(violation,) if refused else (),
        policy="",
        profile="hardened",
        mode="enforce",
        suggestion=proposed,
    )


DROP = Proposed("docker run", without=(("--privileged",),))
ALLOWED = decision(None, refused=False)


def corrected(command: str, first: Decision, *later: Decision) -> tuple[str, list[str]]:
    """The command that is found, and the commands that were tried for it."""
    answers = iter(later)
    tried: list[str] = []

    def try_words(words: CommandLine) -> Sequence[Decision]:
        tried.append(shlex.join(words.all))
        return [next(answers)]

    return corrected_command.find_allowed(parse_command(shlex.split(command)), [first], try_words), tried


def test_what_is_found_was_tried_and_allowed() -> None:
    assert corrected("docker run --privileged x 'a b'", decision(DROP), ALLOWED) == (
        "docker run x 'a b'",
        ["docker run x 'a b'"],
    )


def test_a_second_refusal_is_corrected_too() -> None:
    add = Proposed("docker run", add=(("--cpus", "1"),))

    found, tried = corrected("docker run --privileged x", decision(DROP), decision(add), ALLOWED)

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
    assert corrected(command, first, *later)[0] == ""


@pytest.mark.skipif(shutil.which("docker") is None, reason="needs the docker command")
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
    result = CliRunner().invoke(main, ["try", *options, "--", *shlex.split(command)])

    assert result.exit_code == 1
    assert result.output.splitlines()[-2:] == ["this command is allowed:", expected]


@pytest.mark.skipif(shutil.which("docker") is None, reason="needs the docker command")
def test_machines_read_it_too() -> None:
    options = ["--profile", "baseline", "--host-root", "none", "--json"]
    refused = CliRunner().invoke(main, ["try", *options, "--", "docker", "run", "--privileged", "x"])
    allowed = CliRunner().invoke(main, ["try", *options, "--", "docker", "run", "x"])

    assert json.loads(refused.output)["corrected"] == "docker run x"
    assert json.loads(allowed.output)["corrected"] is None
