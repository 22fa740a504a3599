"""Security options of a container (HostConfig.SecurityOpt) and of a service (ContainerSpec.Privileges).

The options are read as moby daemon/daemon_unix.go, parseSecurityOpt, reads them (26.1): `=` before `:`, the last one
wins. What dockerd would not know is told as unknown, so that a rule can refuse it.
"""

import base64
import binascii
import hashlib
from collections.abc import Iterator

from portero.facts.fields import child, flag, text, texts
from portero.facts.values import go_bool
from portero.refusals import Refused
from portero.types import JSON, Fact

_OPTIONS = "HostConfig.SecurityOpt"
_PRIVILEGES = "TaskTemplate.ContainerSpec.Privileges"
_LABELS = ("user", "role", "type", "level")  # opencontainers/selinux go-selinux/label: validOptions

# What a container may neither see nor write unless it says so (moby oci/defaults.go, 26.1). Later versions add to
# them; a client that repeats the list of an older daemon leaves nothing open that was closed.
MASKED = (
    "/proc/asound",
    "/proc/acpi",
    "/proc/kcore",
    "/proc/keys",
    "/proc/latency_stats",
    "/proc/timer_list",
    "/proc/timer_stats",
    "/proc/sched_debug",
    "/proc/scsi",
    "/sys/firmware",
    "/sys/devices/virtual/powercap",
)
_READONLY = ("/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger")


def of_create(config: Fact) -> dict[str, JSON]:
    """From a HostConfig."""
    seccomp, apparmor, allowed = _seccomp("", _OPTIONS), _apparmor("", _OPTIONS), _allowed(None, _OPTIONS)
    selinux, unknown = _selinux(_OPTIONS), list[JSON]()
    for key, value, said in _options(config):
        if key == "seccomp":
            seccomp = _seccomp(value, said)
        elif key == "apparmor":
            apparmor = _apparmor(value, said)
        elif key == "no-new-privileges" and (truth := go_bool(value)) is not None:
            allowed = _allowed(truth, said)
        elif key == "label" and (label := _label(value)):
            selinux |= label | {"at": said}
        else:
            unknown.append({"at": said})
    return {
        "seccomp": seccomp,
        "apparmor": apparmor,
        "selinux": selinux,
        "noNewPrivileges": allowed,
        "securityOptionsUnknown": unknown,
        "maskedPaths": _open_paths(config, "MaskedPaths", MASKED),
        "readonlyPaths": _open_paths(config, "ReadonlyPaths", _READONLY),
    }


def of_service(spec: Fact) -> dict[str, JSON]:
    """From a ContainerSpec; the swarm agent writes the same options from it (daemon/cluster/executor/container)."""
    told = child(spec, "Privileges")
    labels = child(told, "SELinuxContext")
    selinux = _selinux(f"{_PRIVILEGES}.SELinuxContext")
    selinux |= {name: text(labels, name.capitalize()) for name in _LABELS}
    selinux["disabled"] = flag(labels, "Disable")
    disabled = text(child(told, "AppArmor"), "Mode") == "disabled"
    return {
        "seccomp": _seccomp_of_service(child(told, "Seccomp"), f"{_PRIVILEGES}.Seccomp"),
        "apparmor": _apparmor("unconfined" if disabled else "", f"{_PRIVILEGES}.AppArmor"),
        "selinux": selinux,
        # false says nothing here: the agent then leaves the option away, and the daemon's default counts.
        "noNewPrivileges": _allowed(flag(told, "NoNewPrivileges") or None, f"{_PRIVILEGES}.NoNewPrivileges"),
    }


def _options(config: Fact) -> Iterator[tuple[str, str, str]]:
    """Key, value and place of each option; an option without a separator is its own value."""
    for index, option in enumerate(texts(config, "SecurityOpt")):
        said = f"{_OPTIONS}[{index}]"
        if option == "no-new-privileges":
            yield option, "true", said
        elif option == "disable":
            yield "label", option, said
        else:
            key, separator, value = option.partition("=" if "=" in option else ":")
            yield key if separator else "", value, said


def _seccomp(value: str, said: str) -> Fact:
    # The words are exact (daemon/seccomp_linux.go, WithSeccomp); all else is a profile in JSON.
    words = {"": "default", "builtin": "builtin", "unconfined": "unconfined"}
    profile = words.get(value, "custom")
    sha256 = hashlib.sha256(value.encode("utf-8", "surrogatepass")).hexdigest() if profile == "custom" else None
    return {"profile": profile, "sha256": sha256, "at": said}


def _seccomp_of_service(seccomp: Fact, said: str) -> Fact:
    mode = text(seccomp, "Mode")
    if mode == "unconfined":
        return _seccomp(mode, said)
    if mode != "custom":
        return _seccomp("", said)
    profile = _bytes(text(seccomp, "Profile"), f"{said}.Profile")
    try:
        # The agent passes a custom profile on as text, so that the word unconfined in it means unconfined.
        return _seccomp(profile.decode(), said)
    except UnicodeDecodeError:
        return {"profile": "custom", "sha256": hashlib.sha256(profile).hexdigest(), "at": said}


def _bytes(encoded: str, place: str) -> bytes:
    """A []byte of a Go struct: base64, in which encoding/base64 skips line ends."""
    try:
        return base64.b64decode(encoded.replace("\r", "").replace("\n", ""), validate=True)
    except (binascii.Error, ValueError):
        raise Refused("body-wrong-type", place) from None


def _apparmor(profile: str, said: str) -> Fact:
    return {"profile": profile, "at": said}


def _allowed(value: bool | None, said: str) -> Fact:
    return {"value": value, "at": said}


def _selinux(said: str) -> Fact:
    return {"disabled": False, "user": "", "role": "", "type": "", "level": "", "at": said}


def _label(value: str) -> Fact | None:
    """What one label option sets; None when it is not known here (filetype sets the label of mounts only)."""
    if value == "disable":
        return {"disabled": True}
    name, separator, label = value.partition(":")
    return {name: label} if separator and name in _LABELS else None


def _open_paths(config: Fact, field: str, closed: tuple[str, ...]) -> Fact:
    # Nothing said: Docker's own list; a list that is said, even an empty one, takes its place (daemon/oci_linux.go).
    kept = texts(config, field) if field in config else None
    missing: list[JSON] = [] if kept is None else [path for path in closed if path not in kept]
    return {"missing": missing, "at": f"HostConfig.{field}"}
