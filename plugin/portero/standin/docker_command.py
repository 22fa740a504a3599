"""A docker or docker-compose command: parsed as far as its subcommand, and run against the stand-in.

It runs in its own process group, with a time limit, and a terminal when it asks for one. Refused are commands that
another daemon would carry out (another program, host or context), and commands that only change files of the user.
"""

import os
import pty
import signal
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

# They lead to other daemons, or make the client expect TLS.
_ELSEWHERE = ("DOCKER_CONTEXT", "DOCKER_TLS", "DOCKER_TLS_VERIFY", "DOCKER_CERT_PATH", "BUILDX_BUILDER")
_END_TIMEOUT_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class Ended:
    """How a client ended. `status` is None when its time was up. `dropped`: standard error, where it is no output."""

    status: int | None
    output: str
    dropped: str = ""


def make_environment(environ: Mapping[str, str], socket: Path) -> dict[str, str]:
    """The environment with the stand-in as the one daemon; the user's DOCKER_CONFIG stays."""
    others = {name: value for name, value in environ.items() if name not in _ELSEWHERE}
    return others | {"DOCKER_HOST": f"unix://{socket}"}


def run(
    command: Sequence[str],
    environ: Mapping[str, str],
    timeout: float,
    *,
    terminal: bool = False,
    errors: bool = True,
    user: tuple[int, int] | None = None,
) -> Ended:
    """Runs the command to its end or to the end of its time; raises OSError when it cannot be started.

    `errors`: whether the output has standard error, too. `user`: user and group IDs to run it as; None: one's own.
    """
    with tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as dropped:
        status = _start(command, environ, timeout, output, output if errors else dropped, terminal, user)
        output.seek(0)
        dropped.seek(0)
        return Ended(status, output.read().decode(errors="replace"), dropped.read().decode(errors="replace"))


def _start(
    command: Sequence[str],
    environ: Mapping[str, str],
    timeout: float,
    output: BinaryIO,
    errors: BinaryIO,
    terminal: bool,
    user: tuple[int, int] | None,
) -> int | None:
    account: dict[str, Any] = {"user": user[0], "group": user[1], "extra_groups": ()} if user else {}
    parent_end, child_end = pty.openpty() if terminal else (None, None)
    try:
        process: subprocess.Popen[bytes] = subprocess.Popen(  # noqa: S603 - running what the user typed is the purpose
            command, env=environ, stdin=child_end, stdout=output, stderr=errors, start_new_session=True, **account
        )
        try:
            return process.wait(timeout)
        except subprocess.TimeoutExpired:
            return None
        finally:
            _end(process)
    finally:
        for end in (parent_end, child_end):
            if end is not None:
                os.close(end)


def _end(process: "subprocess.Popen[bytes]") -> None:
    for number in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(process.pid, number)
            process.wait(_END_TIMEOUT_SECONDS)
        except subprocess.TimeoutExpired:
            continue
        except ProcessLookupError:
            return


CLIENTS = ("docker", "docker-compose")

_ELSEWHERE_LONG = ("--host", "--context", "--tls", "--tlsverify", "--tlscacert", "--tlscert", "--tlskey")
_ELSEWHERE_SHORT = "Hc"
_TAKE_VALUE_LONG = (
    *("--config", "--log-level", "--file", "--project-name", "--profile", "--env-file", "--project-directory"),
    *("--workdir", "--parallel", "--progress", "--ansi"),
)
_TAKE_VALUE_SHORT = "lfp"
_CHANGE_FILES = ("context", "logout", "trust")


class NotTried(Exception):
    """One sentence: why this command is not run, and what to do instead."""


@dataclass(frozen=True, slots=True)
class CommandLine:
    """A command; `subcommand` is the index of the first word after the global options.

    `program`: the index of the first word behind the program, which is `docker compose` or one word.
    """

    all: tuple[str, ...]
    subcommand: int
    is_compose: bool
    program: int = 1

    @property
    def asks_for_terminal(self) -> bool:
        """Whether run or exec asks for a terminal, and so ends at once where there is none."""
        rest = self.all[self.subcommand :]
        return any(word in ("run", "exec", "create") for word in rest[:2]) and any(map(_is_tty, rest))


def parse_command(command: Sequence[str]) -> CommandLine:
    """Parse a command as far as its subcommand; raises NotTried."""
    if os.path.basename(command[0]) not in CLIENTS:
        raise NotTried(f"{command[0]}: not docker or docker-compose; add --any if it honours DOCKER_HOST")
    is_compose = os.path.basename(command[0]) == "docker-compose"
    program = 1
    at = _skip_options(command, program)
    if not is_compose and list(command[at : at + 1]) == ["compose"]:
        is_compose, program = True, at + 1
        at = _skip_options(command, program)
    if command[at : at + 1] and command[at] in _CHANGE_FILES and not is_compose:
        raise NotTried(f"docker {command[at]}: does not ask the daemon and may change your own files; not run")
    return CommandLine(tuple(command), at, is_compose, program)


def _skip_options(command: Sequence[str], start: int) -> int:
    at = start
    while at < len(command) and command[at].startswith("-"):
        word = command[at]
        at += 2 if (_takes_value(word) if word.startswith("--") else _has_letter_with_value(word)) else 1
    return min(at, len(command))


def _takes_value(word: str) -> bool:
    name, sign, _ = word.partition("=")
    if name in _ELSEWHERE_LONG:
        _refuse(name)
    return name in _TAKE_VALUE_LONG and not sign


def _has_letter_with_value(word: str) -> bool:
    """The same for letters behind one dash, of which only the last may take a value."""
    for position, letter in enumerate(word[1:], 2):
        if letter in _ELSEWHERE_SHORT:
            _refuse(f"-{letter}")
        if letter in _TAKE_VALUE_SHORT:
            return position == len(word)
    return False


def _refuse(option: str) -> None:
    raise NotTried(f"{option}: would use a real daemon instead of the stand-in; remove it")


def _is_tty(word: str) -> bool:
    name, _, value = word.partition("=")
    if word.startswith("--"):
        return name == "--tty" and value != "false"
    return word.startswith("-") and word[1:].isalpha() and "t" in word and len(word) <= len("-dit")
