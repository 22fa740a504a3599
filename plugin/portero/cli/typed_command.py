"""A docker command as it was typed, corrected: flags put right behind the command, others taken out however they were
typed (-p 80:80, --publish=80:80/tcp, -dp 80:80).

In: the words, where the options begin, flags to add and flags that go, as a `try:` line names them. Out: the words.
"""

import csv
import os
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from portero.values.denial_parts import Typed

_LONG = {
    "-c": "--cpu-shares",
    "-m": "--memory",
    "-o": "--opt",
    "-P": "--publish-all",
    "-p": "--publish",
    "-u": "--user",
    "-v": "--volume",
    "-w": "--workdir",
    "--net": "--network",
}
# Letters and names of flags without a value, of all the commands together: none of them takes one elsewhere.
_SWITCH_LETTERS = frozenset("ditPq")
_SWITCHES = frozenset(
    {
        *(
            "--attachable",
            "--compress",
            "--config-only",
            "--detach",
            "--disable-content-trust",
            "--force",
            "--force-rm",
        ),
        *("--help", "--ingress", "--init", "--interactive", "--internal", "--ipv6", "--load", "--no-cache"),
        *("--no-healthcheck", "--no-resolve-image", "--oom-kill-disable", "--privileged", "--publish-all", "--pull"),
        *("--push", "--quiet", "--read-only", "--rm", "--rollback", "--sig-proxy", "--squash", "--tty"),
        "--with-registry-auth",
    }
)
# With `docker run` --pull has a value.
_VALUE_OF_A_CONTAINER = frozenset({"--pull"})
_RUNS_ANOTHER = frozenset({"run", "create", "exec"})
_GROUPS = frozenset({"container", "service", "network", "volume", "image", "builder"})
_ADDRESS = re.compile(r"(?:\[(?P<six>[^\]]*)\]|(?P<four>[^:]*)):(?P<rest>[^:]*:[^:]+)")


@dataclass(frozen=True, slots=True)
class _Option:
    """A flag as it was typed: its long name, its value, and the words that say it."""

    name: str
    value: str
    words: tuple[str, ...]


def correct(
    words: Sequence[str], subcommand: int, add: Sequence[Typed], gone: Sequence[Typed], folder: str
) -> list[str]:
    """The command with these flags and without those; `folder`: where it is typed, for `-v ./here:/there`."""
    start = subcommand + (2 if words[subcommand] in _GROUPS else 1)
    going = {(_name(flag[0]), key) for flag in gone for key in _keys(_name(flag[0]), "".join(flag[1:]), folder)}
    kept: list[str] = []
    for piece in _read(words[start:], words[subcommand:start]):
        if isinstance(piece, str):
            kept.append(piece)
            continue
        keys = _keys(piece.name, piece.value, folder)
        left = [key for key in keys if (piece.name, key) not in going]
        if len(left) == len(keys):
            kept += piece.words
        elif piece.name == "--publish":
            kept += [word for key in left for word in ("-p", key)]
    return [*words[:start], *(word for flag in add for word in flag), *kept]


def _read(words: Sequence[str], command: Sequence[str]) -> Iterator[_Option | str]:
    """Options, and words that are none: from the first of them on all, where the command runs another one."""
    stops = command[-1] in _RUNS_ANOTHER and command[0] not in ("network", "volume")
    of_container = stops and command[0] != "service"
    at = 0
    while at < len(words):
        word = words[at]
        if word == "--" or (not _is_option(word) and stops):
            yield from words[at:]
            return
        if not _is_option(word):
            yield word
            at += 1
            continue
        options = list(_long(words, at, of_container) if word.startswith("--") else _short(words, at))
        yield from options
        at += 1 + any(len(option.words) > 1 for option in options)


def _is_option(word: str) -> bool:
    return word.startswith("-") and word != "-"


def _long(words: Sequence[str], at: int, of_container: bool) -> Iterator[_Option]:
    word = words[at]
    name, sign, value = word.partition("=")
    takes_none = name in _SWITCHES and not (of_container and name in _VALUE_OF_A_CONTAINER)
    if sign or takes_none or at + 1 == len(words):
        yield _Option(_name(name), value, (word,))
    else:
        yield _Option(_name(name), words[at + 1], (word, words[at + 1]))


def _short(words: Sequence[str], at: int) -> Iterator[_Option]:
    """-dit, -p80:80, -dp 80:80, -m=1g: letters, of which the last may take a value."""
    word = words[at]
    for place, letter in enumerate(word[1:], 1):
        rest = word[place + 1 :]
        if letter in _SWITCH_LETTERS:
            yield _Option(_name(f"-{letter}"), "", (f"-{letter}",))
        elif rest:
            yield _Option(_name(f"-{letter}"), rest.removeprefix("="), (f"-{letter}{rest}",))
            return
        elif at + 1 < len(words):
            yield _Option(_name(f"-{letter}"), words[at + 1], (f"-{letter}", words[at + 1]))
            return
        else:
            yield _Option(_name(f"-{letter}"), "", (f"-{letter}",))


def _name(flag: str) -> str:
    return _LONG.get(flag, flag)


def _keys(name: str, value: str, folder: str) -> list[str]:
    """What tells this use of a flag from another one of it; "" where docker takes the last one alone."""
    if name == "--publish":
        return _ports(value)
    if name == "--volume":
        return [_absolute(value, folder)]
    reads = _KEYS.get(name)
    return [reads(value) if reads is not None else ""]


def _absolute(volume: str, folder: str) -> str:
    source, separator, rest = volume.partition(":")
    return (
        f"{os.path.normpath(os.path.join(folder, source))}:{rest}" if source.startswith(".") and separator else volume
    )


def _mount(value: str) -> str:
    """Where it appears in the container: no two mounts are at one place."""
    words = (word.partition("=") for word in next(csv.reader([value]), []))
    return next((text for key, _, text in words if key.lower() in ("target", "destination", "dst")), value)


def _device(value: str) -> str:
    path, _, rest = value.partition(":")
    target, _, permissions = rest.partition(":")
    if target and not target.startswith("/"):
        target, permissions = "", target
    return f"{path}:{target or path}:{permissions or 'rwm'}"


def _ports(value: str) -> list[str]:
    """[ADDRESS:][PORT:]PORT[/PROTOCOL], a range as its ports."""
    text, _, protocol = value.partition("/")
    address = ""
    if (found := _ADDRESS.fullmatch(text)) is not None:
        address = f"[{found['six']}]:" if found["six"] else f"{found['four']}:"
        text = found["rest"]
    host, _, own = text.rpartition(":")
    suffix = "" if protocol in ("", "tcp") else f"/{protocol}"
    owns, hosts = _range(own), _range(host)
    if not host:
        return [f"{address}{':' if address else ''}{one}{suffix}" for one in owns]
    if len(hosts) != len(owns):
        return [value]
    return [f"{address}{published}:{one}{suffix}" for published, one in zip(hosts, owns, strict=True)]


def _range(text: str) -> list[str]:
    first, dash, last = text.partition("-")
    if not dash or not first.isdecimal() or not last.isdecimal():
        return [text]
    return [str(port) for port in range(int(first), min(int(last), int(first) + 65535) + 1)]


def _before_equals(value: str) -> str:
    return value.partition("=")[0]


def _security_option(value: str) -> str:
    name = re.split("[=:]", value, maxsplit=1)[0]
    return name if name == "seccomp" else value.replace(":", "=", 1)


_KEYS: Mapping[str, Callable[[str], str]] = {
    "--add-host": str,
    "--annotation": _before_equals,
    "--cap-add": lambda value: value.upper().removeprefix("CAP_"),
    "--cap-drop": lambda value: value.upper().removeprefix("CAP_"),
    "--device": _device,
    "--device-cgroup-rule": str,
    "--group": str,
    "--group-add": str,
    "--log-opt": _before_equals,
    "--mount": _mount,
    "--network": str,
    "--opt": _before_equals,
    "--security-opt": _security_option,
    "--sysctl": _before_equals,
    "--tmpfs": lambda value: value.partition(":")[0],
    "--ulimit": _before_equals,
    "--ulimit-add": _before_equals,
    "--volumes-from": str,
}
