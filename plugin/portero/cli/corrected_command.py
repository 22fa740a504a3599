"""The whole command that `portero try` prints: as it was subcommand, corrected by the denials, and tried again."""

import os
import shlex
from collections.abc import Callable, Sequence

from portero.cli.typed_command import correct
from portero.decision import Decision
from portero.standin.subcommand import CommandLine

# A corrected command can send a further request, which is refused too.
_MAX_TRIES = 3
_COMMAND_OF = {"create": "run"}  # docker create makes the same request as docker run


def find_allowed(
    typed: CommandLine, decisions: Sequence[Decision], try_again: Callable[[CommandLine], Sequence[Decision]]
) -> str:
    """The corrected command, quoted for a shell; empty where none is found that the stand-in allows."""
    for _ in range(_MAX_TRIES):
        refused = next((decision for decision in decisions if not decision.allowed), None)
        if refused is None:
            line = shlex.join(typed.all)
            return line if line.isprintable() else ""
        proposed = refused.suggestion
        if proposed is None or proposed.still or not _is_command(proposed.command, typed):
            return ""
        removed = (*proposed.instead, *proposed.without)
        typed = typed.with_words(correct(typed.all, typed.subcommand, proposed.add, removed, os.getcwd()))
        decisions = try_again(typed)
    return ""


def _is_command(command: str, typed: CommandLine) -> bool:
    """Whether the flags of this command are those of the typed command: docker run, docker container create."""
    subcommand = typed.all[typed.subcommand : typed.subcommand + 2]
    *groups, name = command.split()[1:]
    expected = [*groups, name] if groups else [name]
    plain = [word for word in subcommand if word not in ("container", "image", "builder")][: len(expected)]
    return (
        [*plain[:-1], _COMMAND_OF.get(plain[-1], plain[-1]) if not groups else plain[-1]] == expected
        if plain
        else False
    )
