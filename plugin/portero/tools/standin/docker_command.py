"""A docker or docker-compose command: parsed as far as its subcommand, and run against the stand-in.

It runs in its own process group, with a time limit, and a terminal when it asks for one. Refused are commands that
another daemon would carry out (another program, host or context), and commands that only change files of the user.
"""

import os
import pty
import signal
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, BinaryIO

from portero.decide.values.dataclass import dataclass
from portero.decide.values.errors import Fault

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

_ELSEWHERE_OPTIONS = frozenset(
    (*("--host", "--context", "--tls", "--tlsverify", "--tlscacert", "--tlscert", "--tlskey"), *("-H", "-c"))
)
# Of the options before the subcommand, those with a value.
GLOBAL_VALUES = frozenset(
    (
        *("--config", "--log-level", "--file", "--project-name", "--profile", "--env-file", "--project-directory"),
        *("--workdir", "--parallel", "--progress", "--ansi", "-l", "-f", "-p"),
    )
)
_CHANGE_FILES = ("context", "logout", "trust")


class NotTried(Fault):
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
    at = _find_subcommand(command, program)
    if not is_compose and list(command[at : at + 1]) == ["compose"]:
        is_compose, program = True, at + 1
        at = _find_subcommand(command, program)
    if command[at : at + 1] and command[at] in _CHANGE_FILES and not is_compose:
        raise NotTried(f"docker {command[at]}: does not ask the daemon and may change your own files; not run")
    return CommandLine(tuple(command), at, is_compose, program)


def _find_subcommand(command: Sequence[str], start: int) -> int:
    pieces = [*split_words(command[start:], GLOBAL_VALUES.__contains__, stops=True)]
    for piece in pieces:
        if isinstance(piece, TypedOption) and piece.name in _ELSEWHERE_OPTIONS:
            raise NotTried(f"{piece.name}: would use a real daemon instead of the stand-in; remove it")
    return len(command) - sum(isinstance(piece, str) for piece in pieces)


def _is_tty(word: str) -> bool:
    name, _, value = word.partition("=")
    if word.startswith("--"):
        return name == "--tty" and value != "false"
    return word.startswith("-") and word[1:].isalpha() and "t" in word and len(word) <= len("-dit")


@dataclass(frozen=True, slots=True)
class TypedOption:
    """An option as it was typed, and its words. Letters behind one dash are one each: -dit is -d, -i and -t."""

    name: str
    value: str
    words: tuple[str, ...]


def split_words(
    words: Sequence[str], takes_value: Callable[[str], bool], *, stops: bool
) -> Iterator[TypedOption | str]:
    """Options and other words, as docker's command line reads them; behind -- all are others.

    `stops`: so are all from the first other word on.
    """
    waiting = iter(words)
    for word in waiting:
        is_option = word.startswith("-") and word != "-"
        if word == "--" or (stops and not is_option):
            yield from (word, *waiting)
        elif not is_option:
            yield word
        else:
            *options, last = _split_word(word, takes_value)
            yield from options
            has_value = takes_value(last.name) and last.words == (last.name,)
            following = next(waiting, None) if has_value else None
            yield last if following is None else TypedOption(last.name, following, (last.name, following))


def _split_word(word: str, takes_value: Callable[[str], bool]) -> Iterator[TypedOption]:
    """--name=web is one; of -dp80:80 and -m=1g the first letter that takes a value has the rest."""
    if word.startswith("--"):
        name, _, value = word.partition("=")
        yield TypedOption(name, value, (word,))
        return
    for end, letter in enumerate(word[1:], 2):
        rest = word[end:] if takes_value(f"-{letter}") else ""
        yield TypedOption(f"-{letter}", rest.removeprefix("="), (f"-{letter}{rest}",))
        if rest:
            return
