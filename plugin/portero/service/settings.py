"""The settings: defaults from config.json, then the environment, then the command line.

Text comes in, one frozen value goes out. A value out of range and an unknown PORTERO_ variable are errors.
"""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal, cast, get_args

from portero.errors import Faults
from portero.service import resources
from portero.service.decision_log import Sync
from portero.service.user_defaults import user_defaults
from portero.signing.manifest import GROUP
from portero.sizes import bytes_of

PREFIX = "PORTERO_"

Profile = Literal["baseline", "hardened", "restricted"]
AuditProfile = Literal["auto", "none", "hardened", "restricted"]
Mode = Literal["enforce", "audit"]
LogFailure = Literal["deny", "allow"]
EngineChoice = Literal["auto", "reference", "rust", "both"]
YesOrNo = Literal["yes", "no"]
Lookups = Literal["auto", "off"]

# struct sockaddr_un has 108 bytes for the path, the closing NUL among them (linux/un.h).
_LONGEST_SOCKET_PATH = 107
_UNIX = "unix://"
_SIZE = re.compile(r"[0-9]{1,9}[kmg]")
_ADDRESS = re.compile(r"(?:(?P<four>[0-9.]+)|\[(?P<six>[0-9a-fA-F:]+)\]):(?P<port>[0-9]{1,5})")


class InvalidSettings(Faults):
    """Settings that cannot be used; `faults` holds one sentence each."""


@dataclass(frozen=True, slots=True)
class Settings:
    """Every setting; field `log_failure` is PORTERO_LOG_FAILURE and --log-failure."""

    socket: Path
    schemas: tuple[Path, ...]
    profile: Profile
    audit_profile: AuditProfile
    mode: Mode
    log: str
    log_failure: LogFailure
    log_sync: Sync
    engine: EngineChoice
    docker_host: Path | None
    lookups: Lookups
    host_root: Literal["auto", "none"] | Path
    daemon_config: Path | None
    workers: int
    threads: int
    trusted_keys: tuple[Path, ...]
    host_groups: tuple[str, ...]
    state: Path
    allow_rollback: YesOrNo
    record: Path | None
    record_max: int
    metrics_address: tuple[str, int] | None

    @classmethod
    def read(cls, environ: Mapping[str, str], options: Mapping[str, str], uid: int = 0) -> "Settings":
        """`options`: the options of the command line by field; `uid`: the user whose defaults count.

        Raises InvalidSettings with every fault.
        """
        given = _defaults() | user_defaults(environ, uid)
        given |= {name: text for name, text in environ.items() if name.startswith(PREFIX)}
        given |= {variable(field): text for field, text in options.items()}
        known = {variable(field): field for field in _READERS}
        faults = [f"{name}: unknown setting; use one of {', '.join(known)}" for name in given.keys() - known]
        values: dict[str, Any] = {}
        for name, field in known.items():
            try:
                values[field] = _READERS[field](given[name])
            except ValueError as fault:
                faults.append(f"{name}: {fault}")
        if faults:
            raise InvalidSettings(tuple(sorted(faults)))
        return cls(**values)

    @property
    def reported_profile(self) -> str:
        """The stricter profile whose violations are only reported; empty for none."""
        profiles = get_args(Profile)
        stricter = profiles[profiles.index(self.profile) + 1 :]
        if self.audit_profile == "auto":
            return str(stricter[0]) if stricter else ""
        return self.audit_profile if self.audit_profile in stricter else ""

    @property
    def policy_folders(self) -> tuple[Path, ...]:
        """The built-in folder and the site's own, which override it."""
        return (resources.schemas(), *self.schemas)


def variable(field: str) -> str:
    """The environment variable of a field."""
    return PREFIX + field.upper()


def descriptions() -> dict[str, str]:
    """The description of each field in config.json."""
    texts = {entry["name"]: entry["description"] for entry in _manifest()}
    return {field: texts[variable(field)] for field in _READERS}


def _defaults() -> dict[str, str]:
    return {entry["name"]: entry["value"] for entry in _manifest()}


def _manifest() -> list[dict[str, str]]:
    manifest = json.loads(resources.manifest().read_text(encoding="utf-8"))
    return cast(list[dict[str, str]], manifest["env"])


def _one_of(*words: str) -> Callable[[str], str]:
    def read(text: str) -> str:
        if text not in words:
            raise ValueError(f"write one of {', '.join(words)}")
        return text

    return read


def _number(least: int, most: int) -> Callable[[str], int]:
    def read(text: str) -> int:
        if not (text.isascii() and text.isdigit() and least <= int(text) <= most):
            raise ValueError(f"write a whole number from {least} to {most}")
        return int(text)

    return read


def _absolute(text: str) -> Path:
    if not text.startswith("/") or "\0" in text:
        raise ValueError("write an absolute path")
    return Path(text)


def _socket(text: str) -> Path:
    if len(text.encode()) > _LONGEST_SOCKET_PATH:
        raise ValueError(f"write a path of at most {_LONGEST_SOCKET_PATH} bytes, more do not fit a Unix socket")
    return _absolute(text)


def _files(text: str) -> tuple[Path, ...]:
    files = tuple(Path(file) for file in text.split(":") if file)
    if text and not files:
        # Trusted keys that were meant to be there must not be taken for none.
        raise ValueError("names no file: write paths, separated by colons, or leave it empty")
    return files


def _groups(text: str) -> tuple[str, ...]:
    names = tuple(text.split(",")) if text else ()
    if not all(GROUP.fullmatch(name) for name in names):
        raise ValueError("write names of a-z, 0-9, . and -, separated by commas")
    return names


def _size(least: int, most: int) -> Callable[[str], int]:
    def read(text: str) -> int:
        size = bytes_of(text) if _SIZE.fullmatch(text) else 0
        if not least <= size <= most:
            raise ValueError(f"write a size from {least >> 20}m to {most >> 30}g, such as 100m")
        return size

    return read


def _loopback(text: str) -> tuple[str, int] | None:
    """Metrics are served on loopback only; another machine reads them through a proxy with a password."""
    if not text:
        return None
    match = _ADDRESS.fullmatch(text)
    if match is None or int(match["port"]) not in range(1, 1 << 16) or not _is_loopback(match["four"] or match["six"]):
        raise ValueError("write a loopback address and a port, such as 127.0.0.1:9323, or nothing")
    return match["four"] or match["six"], int(match["port"])


def _is_loopback(address: str) -> bool:
    try:
        return ip_address(address).is_loopback
    except ValueError:
        return False


def _log(text: str) -> str:
    if not text or "\0" in text:
        raise ValueError("write the path of a file, or - for standard output")
    return text


def _docker_host(text: str) -> Path | None:
    if not text:
        return None
    if not text.startswith(_UNIX + "/"):
        raise ValueError("write unix:// and the absolute path of dockerd's socket, or leave it empty")
    return _socket(text.removeprefix(_UNIX))


def _host_root(text: str) -> Literal["auto", "none"] | Path:
    if text == "auto":
        return "auto"
    if text == "none":
        return "none"
    try:
        return _absolute(text)
    except ValueError:
        raise ValueError("write auto, none, or the absolute path below which the host's files are visible") from None


_READERS: Mapping[str, Callable[[str], object]] = MappingProxyType(
    {
        "socket": _socket,
        "schemas": _files,
        "profile": _one_of(*get_args(Profile)),
        "audit_profile": _one_of(*get_args(AuditProfile)),
        "mode": _one_of(*get_args(Mode)),
        "log": _log,
        "log_failure": _one_of(*get_args(LogFailure)),
        "log_sync": _one_of(*get_args(Sync)),
        "engine": _one_of(*get_args(EngineChoice)),
        "docker_host": _docker_host,
        "lookups": _one_of(*get_args(Lookups)),
        "host_root": _host_root,
        "daemon_config": lambda text: _absolute(text) if text else None,
        "workers": _number(1, 64),
        "threads": _number(1, 512),
        "trusted_keys": _files,
        "host_groups": _groups,
        "state": _absolute,
        "allow_rollback": _one_of(*get_args(YesOrNo)),
        "record": lambda text: _absolute(text) if text else None,
        "record_max": _size(1 << 20, 1000 << 30),
        "metrics_address": _loopback,
    }
)
