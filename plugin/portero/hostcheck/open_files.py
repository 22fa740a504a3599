"""How many files Docker may open: what limits.conf, the unit and daemon.json's default-ulimits say about nofile."""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Literal, cast

from portero.hostcheck import units
from portero.hostcheck.configuration import Configuration
from portero.hostcheck.fact import observed
from portero.hostcheck.files import Files
from portero.hostcheck.unknown import UNKNOWN
from portero.types import JSON

Kind = Literal["soft", "hard"]
Limits = Mapping[Kind, JSON]

UNSET, UNLIMITED = "unset", "unlimited"

_LIMITS_CONF = "/etc/security/limits.conf"
_LIMITS_FOLDER = "/etc/security/limits.d"
# From the weakest to the strongest: an entry for the user stands over its group's and everybody's (limits.conf(5)).
_DOMAINS = ("*", "@docker", "docker")
_UNIT = "docker.service"
_KINDS: tuple[Kind, ...] = ("soft", "hard")


def facts(files: Files, configuration: Configuration) -> dict[str, JSON]:
    """The part `openFiles` of the host document."""
    default = configuration.mapping("default-ulimits")
    daemon = f"{default['at']} nofile"
    return {
        "at": f"nofile in {_LIMITS_CONF}, {_UNIT} or {configuration.file}",
        "limitsConf": _pair(f"{_LIMITS_CONF} docker nofile", lambda: _limits_conf(files)),
        "service": _pair(f"{_UNIT} LimitNOFILE", lambda: _service(files)),
        "daemon": _pair(daemon, lambda: _daemon(default["value"])),
    }


def _pair(said: str, read: Callable[[], Limits]) -> dict[str, JSON]:
    return {
        "soft": observed(f"{said} soft", lambda: read()["soft"]),
        "hard": observed(f"{said} hard", lambda: read()["hard"]),
    }


def _limits_conf(files: Files) -> Limits:
    paths = [
        _LIMITS_CONF,
        *(f"{_LIMITS_FOLDER}/{name}" for name in files.names(_LIMITS_FOLDER) if name.endswith(".conf")),
    ]
    found: dict[tuple[str, Kind], JSON] = {}
    for path in paths:
        found |= dict(_entries(files.text_or(path, "")))
    strongest: dict[Kind, JSON] = dict.fromkeys(_KINDS, UNSET)
    for domain in _DOMAINS:
        strongest |= {kind: found[domain, kind] for kind in _KINDS if (domain, kind) in found}
    return strongest


def _entries(text: str) -> Iterator[tuple[tuple[str, Kind], JSON]]:
    """<domain> <soft, hard or - for both> nofile <number>."""
    for line in text.splitlines():
        words = line.partition("#")[0].split()
        if len(words) != 4 or words[2] != "nofile" or words[1] not in (*_KINDS, "-"):
            continue
        for kind in _KINDS if words[1] == "-" else (cast(Kind, words[1]),):
            yield (words[0], kind), _number(words[3])


def _service(files: Files) -> Limits:
    """LimitNOFILE=4096:10240, or one number for both (systemd.exec(5))."""
    values = units.values(files, _UNIT, "LimitNOFILE")
    if not values:
        return dict.fromkeys(_KINDS, UNSET)
    soft, _, hard = values[-1].partition(":")
    return {"soft": _number(soft), "hard": _number(hard or soft)}


def _daemon(said: JSON) -> Limits:
    """{"nofile": {"Soft": 4096, "Hard": 10240}} in the file, nofile=4096:10240 as a flag."""
    if said == UNKNOWN:
        raise ValueError("default-ulimits are not known")
    if isinstance(said, dict):
        return _from_file(said.get("nofile"))
    flags = [re.fullmatch(r"nofile=(-?[0-9]+)(?::(-?[0-9]+))?", str(word)) for word in cast(list[JSON], said)]
    match = next((flag for flag in reversed(flags) if flag is not None), None)
    if match is None:
        return dict.fromkeys(_KINDS, UNSET)
    return {"soft": _number(match[1]), "hard": _number(match[2] or match[1])}


def _from_file(limit: JSON) -> Limits:
    if limit is None:
        return dict.fromkeys(_KINDS, UNSET)
    if not isinstance(limit, dict):
        raise ValueError("nofile is no limit")
    # These are names of a Go struct, whose case does not count; the inner name is the one that dockerd applies.
    said = {name.casefold(): value for name, value in limit.items()}
    if said.get("name") != "nofile":
        return dict.fromkeys(_KINDS, UNSET)
    return {kind: _number(str(said.get(kind, 0))) for kind in _KINDS}


def _number(text: str) -> JSON:
    if text in (UNLIMITED, "infinity", "-1"):
        return UNLIMITED
    return int(text)
