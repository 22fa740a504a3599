"""Readers of setting values: text in, a value out; a ValueError says what to write instead.

The address of a bundle is oci://registry/name:tag, oci://registry/name@sha256:digest, or https://server/file. Without
TLS only this machine is contacted.
"""

import re
from collections.abc import Callable, Mapping
from ipaddress import ip_address
from pathlib import Path
from typing import Literal

from portero.decide.values.dataclass import dataclass
from portero.decide.values.go_values import parse_size

_NAME = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
# The grammar of the OCI distribution specification, for a name, a tag and a digest.
_OCI = re.compile(
    rf"oci://(?P<host>[A-Za-z0-9.-]+|\[[0-9a-fA-F:]+\])(?P<port>:[0-9]{{1,5}})?/(?P<name>{_NAME}(?:/{_NAME})*)"
    r"(?::(?P<tag>[A-Za-z0-9_][A-Za-z0-9._-]{0,127})|@(?P<digest>sha256:[0-9a-f]{64}))"
)
_HTTPS = re.compile(r"(?P<scheme>https?)://(?P<host>[A-Za-z0-9.-]+|\[[0-9a-fA-F:]+\])(?P<port>:[0-9]{1,5})?/[!-~]*")
_FORMS = "write oci://registry/name:tag, oci://registry/name@sha256:digest, or https://server/file"

# Settings of earlier versions, the day on which each went, and what to use instead; GONE has it as a sentence.
_GONE: Mapping[str, tuple[str, str]] = {
    "PORTERO_ENGINE": ("2026-11-28", "nothing: remove it, since one engine is left"),
    "PORTERO_WORKERS": ("2026-11-28", "PORTERO_THREADS, or nothing: one process decides"),
    "PORTERO_METRICS_ADDRESS": ("2026-11-28", "portero-metrics.socket (systemctl enable --now portero-metrics.socket)"),
    "PORTERO_BUNDLE_EVERY": ("2026-11-28", "OnUnitActiveSec= of the timer (systemctl edit portero-bundle.timer)"),
    "PORTERO_FORWARD": ("2026-11-28", "a log agent, such as rsyslog (portero help forwarding)"),
    "PORTERO_FORWARD_FORMAT": ("2026-11-28", "the configuration of a log agent (portero help forwarding)"),
    "PORTERO_FORWARD_CA": ("2026-11-28", "the configuration of a log agent (portero help forwarding)"),
    "PORTERO_FORWARD_STATE": ("2026-11-28", "nothing: remove it, since the log agent keeps its own state"),
    "PORTERO_TRACES": ("2026-11-28", "the decision log and the metrics (portero help metrics)"),
}
GONE = {name: f"gone since {since}: use {instead}" for name, (since, instead) in _GONE.items()}


@dataclass(frozen=True, slots=True)
class OciAddress:
    """`host` with its port as in a URL; `reference`: a tag, or a digest."""

    host: str
    name: str
    reference: str

    @property
    def url(self) -> str:
        """Where the registry answers for this name."""
        scheme = "http" if is_this_machine(self.host) else "https"
        return f"{scheme}://{self.host}/v2/{self.name}"

    @property
    def is_digest(self) -> bool:
        """Whether the address names its content, which then cannot change."""
        return self.reference.startswith("sha256:")


def parse_address(text: str) -> OciAddress | str:
    """The address, that of a file as it is; raises ValueError with a sentence."""
    if match := _OCI.fullmatch(text):
        host = match["host"] + (match["port"] or "")
        return OciAddress(host, match["name"], match["tag"] or match["digest"])
    match = _HTTPS.fullmatch(text)
    if match is None:
        raise ValueError(_FORMS)
    if match["scheme"] == "http" and not is_this_machine(match["host"]):
        raise ValueError("write https://: without TLS a bundle comes from this machine only")
    return text


def is_this_machine(host: str) -> bool:
    """Whether a host of a URL, with or without a port, is a loopback address."""
    name = re.sub(r":[0-9]+$", "", host).strip("[]")
    try:
        return ip_address(name).is_loopback
    except ValueError:
        return False


# struct sockaddr_un has 108 bytes for the path, the closing NUL among them (linux/un.h).
_MAX_SOCKET_PATH = 107
_UNIX = "unix://"
# The name of a group of hosts.
GROUP = re.compile(r"[a-z0-9][a-z0-9.-]{0,62}")
# The link in a bundle's folder that leads to the version in force (tools/registries/bundle_pull.py).
CURRENT = "current"
_SERVER = re.compile(r"(?:[A-Za-z0-9.-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\])(?::[0-9]{1,5})?")
_SIZE = re.compile(r"[0-9]{1,9}[kmg]")


def make_choice_parser(*words: str) -> Callable[[str], str]:

    def read(text: str) -> str:
        if text not in words:
            raise ValueError(f"write one of {', '.join(words)}")
        return text

    return read


def make_number_parser(minimum: int, maximum: int) -> Callable[[str], int]:

    def read(text: str) -> int:
        if not (text.isascii() and text.isdigit() and minimum <= int(text) <= maximum):
            raise ValueError(f"write a whole number from {minimum} to {maximum}")
        return int(text)

    return read


def parse_absolute(text: str) -> Path:
    if not text.startswith("/") or "\0" in text:
        raise ValueError("write an absolute path")
    return Path(text)


def parse_socket_path(text: str) -> Path:
    if len(text.encode()) > _MAX_SOCKET_PATH:
        raise ValueError(f"write a path of at most {_MAX_SOCKET_PATH} bytes, more do not fit a Unix socket")
    return parse_absolute(text)


def parse_files(text: str) -> tuple[Path, ...]:
    """Paths, separated by colons."""
    files = tuple(Path(file) for file in text.split(":") if file)
    if text and not files:
        # Trusted keys that were meant to be there must not be taken for none.
        raise ValueError("names no file: write paths, separated by colons, or leave it empty")
    return files


def parse_groups(text: str) -> tuple[str, ...]:
    """Names of groups of hosts, separated by commas."""
    names = tuple(text.split(",")) if text else ()
    if not all(GROUP.fullmatch(name) for name in names):
        raise ValueError("write names of a-z, 0-9, . and -, separated by commas")
    return names


def parse_servers(text: str) -> tuple[str, ...]:
    """Names of servers, with a port where it is not 443, separated by commas."""
    names = tuple(text.split(",")) if text else ()
    if not all(_SERVER.fullmatch(name) for name in names):
        raise ValueError(
            "write names of servers, such as auth.example.com or cdn.example.com:8443, separated by commas"
        )
    return tuple(name.lower().removesuffix(":443") for name in names)


def parse_record_max(text: str) -> int:
    """A size in bytes."""
    size = parse_size(text) if _SIZE.fullmatch(text) else 0
    if not 1 << 20 <= size <= 1000 << 30:
        raise ValueError("write a size from 1m to 1000g, such as 100m")
    return size


def parse_log(text: str) -> str:
    if not text or "\0" in text:
        raise ValueError("write the path of a file, - for standard output, or journald")
    return text


def parse_docker_host(text: str) -> Path | None:
    if not text:
        return None
    if not text.startswith(_UNIX + "/"):
        raise ValueError("write unix:// and the absolute path of dockerd's socket, or leave it empty")
    return parse_socket_path(text.removeprefix(_UNIX))


def parse_host_root(text: str) -> Literal["auto", "none"] | Path:
    if text == "auto":
        return "auto"
    if text == "none":
        return "none"
    try:
        return parse_absolute(text)
    except ValueError:
        raise ValueError("write auto, none, or the absolute path below which the host's files are visible") from None


def parse_optional(text: str) -> Path | None:
    """An absolute path, or nothing."""
    return parse_absolute(text) if text else None


def parse_bundle(text: str) -> str:
    """The address of a bundle, or nothing."""
    if text:
        parse_address(text)
    return text
