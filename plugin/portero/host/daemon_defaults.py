"""What dockerd gives to containers and networks that do not say: daemon.json in, a frozen value out.

Nothing is refused here: dockerd does not start with a value that it cannot read, so such a value says nothing.
"""

import hashlib
import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal, TypeAlias, TypeGuard

from portero.types import JSON

_SIZE = re.compile(r"([0-9]{1,18})(?:\.([0-9]{1,18}))? ?([kmgtp]?)i?b?", re.IGNORECASE | re.ASCII)
_UNITS = {"": 1, "k": 1 << 10, "m": 1 << 20, "g": 1 << 30, "t": 1 << 40, "p": 1 << 50}
_Seccomp: TypeAlias = Literal["", "builtin", "unconfined", "custom"]
_INT64 = range(-(2**63), 2**63)


@dataclass(frozen=True, slots=True)
class Ulimit:
    """One of `default-ulimits`."""

    name: str
    soft: int
    hard: int


@dataclass(frozen=True, slots=True)
class DaemonDefaults:
    """The daemon's defaults; empty, None or False: nothing is known to be set."""

    log_driver: str = ""
    log_options: tuple[str, ...] = ()
    ulimits: tuple[Ulimit, ...] = ()
    no_new_privileges: bool = False
    runtime: str = ""
    cgroup_namespace: str = ""
    ipc_mode: str = ""
    shm_size: int | None = None
    user_namespaces: bool = False
    seccomp: _Seccomp = ""
    seccomp_sha256: str | None = None  # of the profile's file, when it is custom
    network_options: Mapping[str, Mapping[str, str]] = field(default_factory=lambda: MappingProxyType({}))
    cgroup_v2: bool | None = None  # of the kernel, not of daemon.json; None: could not be seen


NOTHING_KNOWN = DaemonDefaults()


def parse(data: bytes, content_of: Callable[[str], bytes | None] = lambda _: None) -> DaemonDefaults:
    """The defaults in daemon.json. `content_of`: the content of a file of the host, None when it cannot be read."""
    said = _document(data)
    seccomp, sha256 = _seccomp(_text(said, "seccomp-profile"), content_of)
    return DaemonDefaults(
        log_driver=_text(said, "log-driver"),
        log_options=tuple(sorted(_texts(said.get("log-opts")))),
        ulimits=tuple(_ulimits(said)),
        no_new_privileges=said.get("no-new-privileges") is True,
        runtime=_text(said, "default-runtime"),
        # Only these values are valid (moby daemon/config/config_linux.go, verifyDefaultIpcMode and its sibling).
        cgroup_namespace=_one_of(_text(said, "default-cgroupns-mode"), "private", "host"),
        ipc_mode=_one_of(_text(said, "default-ipc-mode"), "private", "shareable"),
        shm_size=_size(_text(said, "default-shm-size")),
        user_namespaces=_text(said, "userns-remap") != "",
        seccomp=seccomp,
        seccomp_sha256=sha256,
        network_options=MappingProxyType(
            {driver: MappingProxyType(_texts(options)) for driver, options in _object(said, "default-network-opts")}
        ),
    )


def _document(data: bytes) -> dict[str, JSON]:
    """dockerd skips a byte order mark; names are exact, and of two the last one counts (daemon/config/config.go)."""
    try:
        said: JSON = json.loads(data.decode("utf-8-sig"))
    except (ValueError, RecursionError):
        return {}
    return said if isinstance(said, dict) else {}


def _ulimits(said: Mapping[str, JSON]) -> Iterator[Ulimit]:
    for name, limit in _object(said, "default-ulimits"):
        if not isinstance(limit, dict):
            continue
        # The names inside are those of a Go struct (docker/go-units Ulimit), so that their case does not count.
        folded = {key.casefold(): value for key, value in limit.items()}
        soft, hard = folded.get("soft", 0), folded.get("hard", 0)
        # mergeUlimits (daemon/oci_linux.go) looks at the outer name and applies the inner one: they must agree.
        if folded.get("name") == name and _is_int64(soft) and _is_int64(hard):
            yield Ulimit(name, soft, hard)


def _is_int64(value: JSON) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool) and value in _INT64


def _seccomp(profile: str, content_of: Callable[[str], bytes | None]) -> tuple[_Seccomp, str | None]:
    """The words are exact (daemon/seccomp_linux.go); all else is the path of a profile."""
    if profile == "builtin":
        return "builtin", None
    if profile == "unconfined":
        return "unconfined", None
    content = content_of(profile) if profile.startswith("/") else None
    return ("", None) if content is None else ("custom", hashlib.sha256(content).hexdigest())


def _size(text: str) -> int | None:
    """Bytes, as docker/go-units RAMInBytes reads them; None when it does not."""
    read = _SIZE.fullmatch(text)
    if read is None:
        return None
    whole, fraction, unit = read.groups()
    return int(float(f"{whole}.{fraction or 0}") * _UNITS[unit.lower()])


def _text(said: Mapping[str, JSON], name: str) -> str:
    value = said.get(name)
    return value if isinstance(value, str) else ""


def _one_of(value: str, *known: str) -> str:
    return value if value in known else ""


def _object(said: Mapping[str, JSON], name: str) -> list[tuple[str, JSON]]:
    value = said.get(name)
    return list(value.items()) if isinstance(value, dict) else []


def _texts(value: JSON) -> dict[str, str]:
    """A map of texts; what is no text is left out."""
    return {name: text for name, text in value.items() if isinstance(text, str)} if isinstance(value, dict) else {}
