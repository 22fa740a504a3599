"""Corrects a docker command as it was typed, until it is allowed: adds flags right behind the command.

Others are removed however they were typed (-p 80:80, --publish=80:80/tcp, -dp 80:80).
"""

import csv
import os
import re
import shlex
from collections.abc import Callable, Iterator, Mapping, Sequence

from portero.decide.decision import Decision
from portero.decide.flags.docker import SHORT
from portero.decide.values.dataclass import replace
from portero.decide.values.denial_parts import Typed
from portero.tools.standin.command_line import CommandLine, TypedOption, split_words

_LONG = {short: flag for flag, short in SHORT.items()} | {"--net": "--network"}
# Flags without a value, of all the commands together: none of them takes one elsewhere.
_SWITCHES = frozenset(
    (
        *("--attachable", "--compress", "--config-only", "--detach", "--disable-content-trust", "--force"),
        *("--force-rm", "--help", "--ingress", "--init", "--interactive", "--internal", "--ipv6", "--load"),
        *("--no-cache", "--no-healthcheck", "--no-resolve-image", "--oom-kill-disable", "--privileged"),
        *("--publish-all", "--pull", "--push", "--quiet", "--read-only", "--rm", "--rollback", "--sig-proxy"),
        *("--squash", "--tty", "--with-registry-auth", "-d", "-i", "-t", "-P", "-q"),
    )
)
# With `docker run` --pull has a value.
_VALUE_OF_A_CONTAINER = frozenset({"--pull"})
_RUNS_ANOTHER = frozenset({"run", "create", "exec"})
_GROUPS = frozenset({"container", "service", "network", "volume", "image", "builder"})
_ADDRESS = re.compile(r"(?:\[(?P<six>[^\]]*)\]|(?P<four>[^:]*)):(?P<rest>[^:]*:[^:]+)")


def correct_command(
    words: Sequence[str], subcommand: int, add: Sequence[Typed], remove: Sequence[Typed], folder: str
) -> list[str]:
    """The command with these flags and without those; `folder`: where it is typed, for `-v ./here:/there`."""
    start = subcommand + (2 if words[subcommand] in _GROUPS else 1)
    removed = {
        (_find_name(flag[0]), key)
        for flag in remove
        for key in _list_keys(_find_name(flag[0]), "".join(flag[1:]), folder)
    }
    rest: list[str] = []
    for piece in _split(words[start:], words[subcommand:start]):
        if isinstance(piece, str):
            rest.append(piece)
            continue
        name = _find_name(piece.name)
        keys = _list_keys(name, piece.value, folder)
        left = [key for key in keys if (name, key) not in removed]
        if len(left) == len(keys):
            rest += piece.words
        elif name == "--publish":
            rest += [word for key in left for word in ("-p", key)]
    return [*words[:start], *(word for flag in add for word in flag), *rest]


def _split(words: Sequence[str], command: Sequence[str]) -> Iterator[TypedOption | str]:
    """Options and other words; where the command runs another one, all words from the first other word on."""
    stops = command[-1] in _RUNS_ANOTHER and command[0] not in ("network", "volume")
    switches = _SWITCHES - _VALUE_OF_A_CONTAINER if stops and command[0] != "service" else _SWITCHES
    return split_words(words, lambda name: name not in switches, stops=stops)


def _find_name(flag: str) -> str:
    return _LONG.get(flag, flag)


def _list_keys(name: str, value: str, folder: str) -> list[str]:
    """What distinguishes one use of a flag from another; "" where docker takes only the last one."""
    if name == "--publish":
        return _list_ports(value)
    if name == "--volume":
        return [_make_absolute(value, folder)]
    reads = _KEYS.get(name)
    return [reads(value) if reads is not None else ""]


def _make_absolute(volume: str, folder: str) -> str:
    source, separator, rest = volume.partition(":")
    return (
        f"{os.path.normpath(os.path.join(folder, source))}:{rest}" if source.startswith(".") and separator else volume
    )


def _find_target(value: str) -> str:
    """The target in the container, which is unique."""
    words = (word.partition("=") for word in next(csv.reader([value]), []))
    return next((text for key, _, text in words if key.lower() in ("target", "destination", "dst")), value)


def _complete_device(value: str) -> str:
    path, _, rest = value.partition(":")
    target, _, permissions = rest.partition(":")
    if target and not target.startswith("/"):
        target, permissions = "", target
    return f"{path}:{target or path}:{permissions or 'rwm'}"


def _list_ports(value: str) -> list[str]:
    """[ADDRESS:][PORT:]PORT[/PROTOCOL], a range as its ports."""
    text, _, protocol = value.partition("/")
    address = ""
    if (match := _ADDRESS.fullmatch(text)) is not None:
        address = f"[{match['six']}]:" if match["six"] else f"{match['four']}:"
        text = match["rest"]
    host, _, target = text.rpartition(":")
    suffix = "" if protocol in ("", "tcp") else f"/{protocol}"
    targets, hosts = _expand_range(target), _expand_range(host)
    if not host:
        return [f"{address}{':' if address else ''}{one}{suffix}" for one in targets]
    if len(hosts) != len(targets):
        return [value]
    return [f"{address}{published}:{one}{suffix}" for published, one in zip(hosts, targets, strict=True)]


def _expand_range(text: str) -> list[str]:
    first, dash, last = text.partition("-")
    if not dash or not first.isdecimal() or not last.isdecimal():
        return [text]
    return [str(port) for port in range(int(first), min(int(last), int(first) + 65535) + 1)]


def _normalize_security_option(value: str) -> str:
    name = re.split("[=:]", value, maxsplit=1)[0]
    return name if name == "seccomp" else value.replace(":", "=", 1)


_KEYS: Mapping[str, Callable[[str], str]] = {
    **dict.fromkeys(
        ("--add-host", "--device-cgroup-rule", "--group", "--group-add", "--network", "--volumes-from"), str
    ),
    **dict.fromkeys(
        ("--annotation", "--log-opt", "--opt", "--sysctl", "--ulimit", "--ulimit-add"),
        lambda value: value.partition("=")[0],
    ),
    **dict.fromkeys(("--cap-add", "--cap-drop"), lambda value: value.upper().removeprefix("CAP_")),
    "--device": _complete_device,
    "--mount": _find_target,
    "--security-opt": _normalize_security_option,
    "--tmpfs": lambda value: value.partition(":")[0],
}


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
        words = correct_command(typed.all, typed.subcommand, proposed.add, removed, os.getcwd())
        typed = replace(typed, all=tuple(words))
        decisions = try_again(typed)
    return ""


def _is_command(command: str, typed: CommandLine) -> bool:
    """Whether the flags of this command are those of the typed command: docker run, docker container create."""
    subcommand = typed.all[typed.subcommand : typed.subcommand + 2]
    expected = command.split()[1:]
    plain = [word for word in subcommand if word not in ("container", "image", "builder")][: len(expected)]
    if len(expected) == 1:
        plain = [_COMMAND_OF.get(word, word) for word in plain]
    return plain == expected
