"""The whole command that `portero try` prints: as it was typed, with what the denials propose, and tried itself.

In: the words, the decisions on them, and how to try others. Out: a line to paste, or nothing.
"""

import os
import shlex
from collections.abc import Callable, Sequence

from portero.cli.typed_command import correct
from portero.decision import Decision
from portero.standin.subcommand import CommandLine

# A corrected command can come to a request that the first refusal kept it from.
_MOST_TRIES = 3
_COMMAND_OF = {"create": "run"}  # docker create makes the same request as docker run


def find(
    words: CommandLine, decisions: Sequence[Decision], try_words: Callable[[CommandLine], Sequence[Decision]]
) -> str:
    """The corrected command, quoted for a shell; empty where none is found that the stand-in allows."""
    for _ in range(_MOST_TRIES):
        refused = next((decision for decision in decisions if not decision.allowed), None)
        if refused is None:
            line = shlex.join(words.all)
            return line if line.isprintable() else ""
        proposed = refused.suggestion
        if proposed is None or proposed.still or not _is_of(proposed.command, words):
            return ""
        gone = (*proposed.instead, *proposed.without)
        words = words.with_words(correct(words.all, words.subcommand, proposed.add, gone, os.getcwd()))
        decisions = try_words(words)
    return ""


def _is_of(command: str, words: CommandLine) -> bool:
    """Whether the flags of this command are those of the typed one: docker run, docker container create."""
    typed = words.all[words.subcommand : words.subcommand + 2]
    *groups, name = command.split()[1:]
    own = [*groups, name] if groups else [name]
    plain = [word for word in typed if word not in ("container", "image", "builder")][: len(own)]
    return [*plain[:-1], _COMMAND_OF.get(plain[-1], plain[-1]) if not groups else plain[-1]] == own if plain else False
