"""How many files Docker may open (nofile): what binds the running dockerd, and what each container gets.

limits.conf and the unit are read to report what has no effect: limits.conf binds logins (PAM), not a dockerd under
systemd, and the unit counts at the next start.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Literal, cast

from portero.decide.values.json_fields import JSON
from portero.observe.dockerd.visible_dockerd import VisibleDockerd
from portero.observe.files import units
from portero.observe.files.chroot import Files
from portero.tools.hostcheck.daemon_settings import Configuration
from portero.tools.hostcheck.fact import UNKNOWN, observe

Kind = Literal["soft", "hard"]
Limits = Mapping[Kind, JSON]

UNSET, UNLIMITED = "unset", "unlimited"

_LIMITS_CONF = "/etc/security/limits.conf"
_LIMITS_FOLDER = "/etc/security/limits.d"
# From the weakest to the strongest: the user's entry overrides its group's, and that overrides * (limits.conf(5)).
_DOMAINS = ("*", "@docker", "docker")
_UNIT = "docker.service"
_KINDS: tuple[Kind, ...] = ("soft", "hard")


def collect_facts(files: Files, configuration: Configuration, process: VisibleDockerd | None) -> dict[str, JSON]:
    """The part `openFiles` of the host document. Without a running dockerd the unit's limits are those of the next."""
    service = _read_pair(f"{_UNIT} LimitNOFILE", lambda: _read_service(files))
    limits = "" if process is None else f"/proc/{process.pid}/limits"
    default = configuration.read_mapping("default-ulimits")
    daemon = f"{default['at']} nofile"
    return {
        "at": f"{limits or _UNIT} and {configuration.file} default-ulimits",
        "process": _read_pair(f"{limits} Max open files", lambda: _read_process(files, limits)) if limits else service,
        "limitsConf": _read_pair(f"{_LIMITS_CONF} docker nofile", lambda: _read_limits_conf(files)),
        "service": service,
        "daemon": _read_pair(daemon, lambda: _read_daemon(default["value"])),
    }


def _read_pair(at: str, read: Callable[[], Limits]) -> dict[str, JSON]:
    return {
        "soft": observe(f"{at} soft", lambda: read()["soft"]),
        "hard": observe(f"{at} hard", lambda: read()["hard"]),
    }


def _read_process(files: Files, path: str) -> Limits:
    """`Max open files  1024  524288  files` (proc_pid_limits(5))."""
    for line in files.read_text(path).splitlines():
        match = re.fullmatch(r"Max open files +(\S+) +(\S+) .*", line)
        if match is not None:
            return {"soft": _parse_limit(match[1]), "hard": _parse_limit(match[2])}
    raise ValueError(f"{path} has no limit on open files")


def _read_limits_conf(files: Files) -> Limits:
    paths = [
        _LIMITS_CONF,
        *(f"{_LIMITS_FOLDER}/{name}" for name in files.list_names(_LIMITS_FOLDER) if name.endswith(".conf")),
    ]
    limits: dict[tuple[str, Kind], JSON] = {}
    for path in paths:
        limits |= dict(_list_entries(files.read_text_or(path, "")))
    strongest: dict[Kind, JSON] = dict.fromkeys(_KINDS, UNSET)
    for domain in _DOMAINS:
        strongest |= {kind: limits[domain, kind] for kind in _KINDS if (domain, kind) in limits}
    return strongest


def _list_entries(text: str) -> Iterator[tuple[tuple[str, Kind], JSON]]:
    """<domain> <soft, hard or - for both> nofile <number>."""
    for line in text.splitlines():
        words = line.partition("#")[0].split()
        if len(words) != 4 or words[2] != "nofile" or words[1] not in (*_KINDS, "-"):
            continue
        for kind in _KINDS if words[1] == "-" else (cast(Kind, words[1]),):
            yield (words[0], kind), _parse_limit(words[3])


def _read_service(files: Files) -> Limits:
    """LimitNOFILE=4096:10240, or one number for both (systemd.exec(5))."""
    values = units.read_setting(files, _UNIT, "LimitNOFILE")
    if not values:
        return dict.fromkeys(_KINDS, UNSET)
    soft, _, hard = values[-1].partition(":")
    return {"soft": _parse_limit(soft), "hard": _parse_limit(hard or soft)}


def _read_daemon(ulimits: JSON) -> Limits:
    """{"nofile": {"Soft": 4096, "Hard": 10240}} in the file, nofile=4096:10240 as a flag."""
    if ulimits == UNKNOWN:
        raise ValueError("default-ulimits are not known")
    if isinstance(ulimits, dict):
        return _read_object(ulimits.get("nofile"))
    flags = [re.fullmatch(r"nofile=(-?[0-9]+)(?::(-?[0-9]+))?", str(word)) for word in cast(list[JSON], ulimits)]
    match = next((flag for flag in reversed(flags) if flag is not None), None)
    if match is None:
        return dict.fromkeys(_KINDS, UNSET)
    return {"soft": _parse_limit(match[1]), "hard": _parse_limit(match[2] or match[1])}


def _read_object(limit: JSON) -> Limits:
    if limit is None:
        return dict.fromkeys(_KINDS, UNSET)
    if not isinstance(limit, dict):
        raise ValueError("nofile is not an object")
    # These are names of a Go struct, whose case does not count; the inner name is the one that dockerd applies.
    folded = {name.casefold(): value for name, value in limit.items()}
    if folded.get("name") != "nofile":
        return dict.fromkeys(_KINDS, UNSET)
    return {kind: _parse_limit(str(folded.get(kind, 0))) for kind in _KINDS}


def _parse_limit(text: str) -> JSON:
    if text in (UNLIMITED, "infinity", "-1"):
        return UNLIMITED
    return int(text)
