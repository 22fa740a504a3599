"""Applies the `try:` line of a denial to a command, by its grammar alone, as a person would.

`try: docker run FLAG VALUE … …  (instead of F, F; without F, F)`: what stands between the command and the last … goes
right behind the command; the flags in the brackets, if any, go. How they were typed is for this module to know: it
compares flags by what docker reads from them (-p 80:80/tcp is --publish=80:80).
"""

import re
import shlex
from collections.abc import Sequence
from dataclasses import dataclass

Flag = tuple[str, str]
_LONG = {
    "-v": "--volume",
    "-p": "--publish",
    "-e": "--env",
    "-u": "--user",
    "-m": "--memory",
    "-P": "--publish-all",
    "-c": "--cpu-shares",
    "-d": "--detach",
    "-w": "--workdir",
    "-l": "--label",
    "-h": "--hostname",
    "-o": "--opt",
    "-i": "--interactive",
    "-t": "--tty",
    "--net": "--network",
}
# They make the same request, so a plugin cannot tell them apart.
_SAME_COMMANDS = {"docker run": ("docker run", "docker create", "docker container run", "docker container create")}
_SWITCHES = {
    *("--detach", "--rm", "--init", "--privileged", "--publish-all", "--read-only", "--oom-kill-disable"),
    *("--no-healthcheck", "--interactive", "--tty"),
}


@dataclass(frozen=True, slots=True)
class TryLine:
    """The parts of a line: words behind the command, flags that go, rules that still refuse."""

    command: str
    add: tuple[str, ...]
    gone: tuple[Flag, ...]
    still: tuple[str, ...] = ()


def read(denial: str) -> TryLine | None:
    """The line of a denial; None where it has none."""
    found = re.search(r"^  try: (.*(?:\n {7}.*)*)", denial, re.MULTILINE)
    if found is None:
        return None
    line = " ".join(found[1].split())
    head, mark, brackets = line.rpartition("…")
    assert mark, line
    words = shlex.split(head)
    at = next((n for n, word in enumerate(words) if word.startswith("-")), len(words))
    told = re.fullmatch(r" \((?:instead of (?P<instead>.+?))?(?:; )?(?:without (?P<without>.+))?\)", brackets)
    assert told is not None or not brackets, line
    flags = [flag for part in (told.groups() if told else ()) if part for flag in part.split(", ")]
    still = re.search(r"^  then still denied by: (.*)$", denial, re.MULTILINE)
    return TryLine(
        " ".join(words[:at]),
        tuple(words[at:]),
        tuple(flag for text in flags for flag, _ in split(shlex.split(text))[0]),
        tuple(still[1].split(", ")) if still else (),
    )


def split(words: Sequence[str]) -> tuple[list[tuple[Flag, tuple[str, ...]]], list[str]]:
    """The flags at the beginning, each with the words that it was typed as, and the rest."""
    flags: list[tuple[Flag, tuple[str, ...]]] = []
    at = 0
    while at < len(words) and words[at].startswith("-"):
        word = words[at]
        if not word.startswith("--") and len(word) > 2 and _LONG.get(word[:2]) in _SWITCHES:
            # -dit, -dp 80:80: the last letter may take a value.
            flags.append(((_LONG[word[:2]], ""), (word[:2],)))
            words = [*words[:at], f"-{word[2:]}", *words[at + 1 :]]
            continue
        name, sign, value = word.partition("=")
        name = _LONG.get(name, name)
        typed: tuple[str, ...] = (word,)
        if not sign and name not in _SWITCHES and at + 1 < len(words):
            value, typed = words[at + 1], (word, words[at + 1])
        at += len(typed)
        flags.append(((name, "" if name in _SWITCHES else plain(name, value)), typed))
    return flags, list(words[at:])


def plain(name: str, value: str) -> str:
    """What docker reads from a value, in one spelling."""
    if name == "--publish":
        return value.removesuffix("/tcp")
    if name == "--ulimit":
        return value if ":" in value else f"{value}:{value.partition('=')[2]}"
    if name == "--mount":
        return next(word.partition("=")[2] for word in value.split(",") if re.match("(target|dst|destination)=", word))
    if name == "--volume" and value.startswith("."):
        return f"/srv/app/{value.removeprefix('./')}"
    return value


def apply(line: TryLine, command: str) -> str:
    """The command as the line wants it."""
    words = shlex.split(command)
    length = 2 + (words[1] in ("container", "service", "volume", "network"))
    assert " ".join(words[:length]) in _SAME_COMMANDS.get(line.command, (line.command,)), (line, command)
    flags, rest = split(words[length:])
    kept = [word for flag, typed in flags if not _goes(flag, line.gone) for word in typed]
    return shlex.join([*words[:length], *line.add, *kept, *rest])


def _goes(flag: Flag, gone: Sequence[Flag]) -> bool:
    """Whether the flag is one of those; a value that could be a secret is named up to its ..."""
    name, value = flag
    return any(name == one and (value == wanted or _begins(value, wanted)) for one, wanted in gone)


def _begins(value: str, wanted: str) -> bool:
    return wanted.endswith("...") and value.startswith(wanted.removesuffix("..."))
