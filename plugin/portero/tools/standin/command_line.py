"""A docker or docker-compose command as it was typed: its options, and where its subcommand is.

Refused are commands that another daemon would carry out (another program, host or context), and commands that only
change files of the user.
"""

import os
from collections.abc import Callable, Iterator, Sequence

from portero.decide.values.dataclass import dataclass
from portero.decide.values.errors import Fault

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
