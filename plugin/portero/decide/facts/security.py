"""Capabilities and security options of a container (HostConfig.SecurityOpt) and of a service (Privileges).

The options are read as moby daemon/daemon_unix.go, parseSecurityOpt, reads them (26.1): `=` before `:`, the last one
wins. What dockerd does not know goes to `securityOptionsUnknown`, so that a rule can refuse it.

Newer versions of Docker mask more paths. A client that repeats the list of an older daemon (a tool that recreates
containers from inspect) opens these on a newer one: the fact `maskedPathsNewer`.
"""

import base64
import binascii
import hashlib
import re
from collections.abc import Iterator

from portero.decide.facts.process import make_value
from portero.decide.interfaces.host import HostMoment
from portero.decide.values.go_values import parse_go_bool
from portero.decide.values.json_fields import JSON, Fact, child, flag, text, texts
from portero.decide.values.refusals import Refused

_OPTIONS = "HostConfig.SecurityOpt"
_SPEC = "TaskTemplate.ContainerSpec"
_PRIVILEGES = f"{_SPEC}.Privileges"
_LABELS = ("user", "role", "type", "level")  # opencontainers/selinux go-selinux/label: validOptions

# What is closed to a container by default (moby oci/defaults.go, 26.1).
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
READONLY = ("/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger")
# Masked from Debian's 28.5.2 on (measured), and by moby's master; not yet by 26.1.
_INTERRUPTS = "/proc/interrupts"
# Masked by moby's master for each CPU that has it.
_THERMAL = "/sys/devices/system/cpu/cpu0/thermal_throttle"
_ANY_THERMAL = re.compile(r"/sys/devices/system/cpu/cpu\d+/thermal_throttle")


def read_create(config: Fact) -> dict[str, JSON]:
    """From a HostConfig."""
    seccomp, allowed = _read_seccomp("", _OPTIONS), make_value(None, _OPTIONS)
    apparmor: Fact = {"profile": "", "at": _OPTIONS}
    selinux = _make_selinux_fact(_OPTIONS)
    unknown: list[JSON] = []
    for key, value, at in _split_options(config):
        if key == "seccomp":
            seccomp = _read_seccomp(value, at)
        elif key == "apparmor":
            apparmor = {"profile": value, "at": at}
        elif key == "no-new-privileges" and (truth := parse_go_bool(value)) is not None:
            allowed = make_value(truth, at)
        elif key == "label" and (label := _find_label_fact(value)):
            selinux |= label | {"at": at}
        elif key == "writable-cgroups" and parse_go_bool(value) is False:
            continue  # as without the option (moby daemon/daemon_unix.go, parseSecurityOpt, 28.4)
        else:
            unknown.append({"at": at})
    return {
        "capabilities": _read_capabilities(config, ("CapAdd", "CapDrop"), "HostConfig"),
        "seccomp": seccomp,
        "apparmor": apparmor,
        "selinux": selinux,
        "noNewPrivileges": allowed,
        "securityOptionsUnknown": unknown,
        "maskedPaths": _open_paths(config, "MaskedPaths", MASKED),
        "readonlyPaths": _open_paths(config, "ReadonlyPaths", READONLY),
    }


def read_service(spec: Fact) -> dict[str, JSON]:
    """From a ContainerSpec; the swarm agent writes the same options from it (daemon/cluster/executor/container)."""
    privileges = child(spec, "Privileges")
    labels = child(privileges, "SELinuxContext")
    selinux = _make_selinux_fact(f"{_PRIVILEGES}.SELinuxContext")
    selinux |= {name: text(labels, name.capitalize()) for name in _LABELS}
    selinux["disabled"] = flag(labels, "Disable")
    disabled = text(child(privileges, "AppArmor"), "Mode") == "disabled"
    apparmor: Fact = {"profile": "unconfined" if disabled else "", "at": f"{_PRIVILEGES}.AppArmor"}
    return {
        "capabilities": _read_capabilities(spec, ("CapabilityAdd", "CapabilityDrop"), _SPEC),
        "seccomp": _read_service_seccomp(child(privileges, "Seccomp"), f"{_PRIVILEGES}.Seccomp"),
        "apparmor": apparmor,
        "selinux": selinux,
        # false is the same as absent: the agent then leaves the option out, and the daemon's default counts.
        "noNewPrivileges": make_value(flag(privileges, "NoNewPrivileges") or None, f"{_PRIVILEGES}.NoNewPrivileges"),
    }


def _split_options(config: Fact) -> Iterator[tuple[str, str, str]]:
    """Key, value and `at` of each option; an option without a separator is the value."""
    for index, option in enumerate(texts(config, "SecurityOpt")):
        at = f"{_OPTIONS}[{index}]"
        if option == "no-new-privileges":
            yield option, "true", at
        elif option == "disable":
            yield "label", option, at
        else:
            key, separator, value = option.partition("=" if "=" in option else ":")
            yield key if separator else "", value, at


def _read_seccomp(value: str, at: str) -> Fact:
    # The words are case-sensitive (daemon/seccomp_linux.go, WithSeccomp); all else is a profile in JSON.
    words = {"": "default", "builtin": "builtin", "unconfined": "unconfined"}
    profile = words.get(value, "custom")
    sha256 = hashlib.sha256(value.encode("utf-8", "surrogatepass")).hexdigest() if profile == "custom" else None
    return {"profile": profile, "sha256": sha256, "at": at}


def _read_service_seccomp(seccomp: Fact, at: str) -> Fact:
    mode = text(seccomp, "Mode")
    if mode != "custom":
        return _read_seccomp(mode if mode == "unconfined" else "", at)
    try:
        # A []byte of a Go struct: base64, in which encoding/base64 skips line ends.
        profile = base64.b64decode(text(seccomp, "Profile").replace("\r", "").replace("\n", ""), validate=True)
    except (binascii.Error, ValueError):
        raise Refused("body-wrong-type", f"{at}.Profile") from None
    try:
        # The agent passes a custom profile on as text, so that the word unconfined in it means unconfined.
        return _read_seccomp(profile.decode(), at)
    except UnicodeDecodeError:
        return {"profile": "custom", "sha256": hashlib.sha256(profile).hexdigest(), "at": at}


def _make_selinux_fact(at: str) -> Fact:
    return {"disabled": False, "user": "", "role": "", "type": "", "level": "", "at": at}


def _find_label_fact(value: str) -> Fact | None:
    """What one label option sets; None when it is not known here (filetype sets the label of mounts only)."""
    if value == "disable":
        return {"disabled": True}
    name, separator, label = value.partition(":")
    return {name: label} if separator and name in _LABELS else None


def _open_paths(config: Fact, field: str, closed: tuple[str, ...]) -> Fact:
    # Absent means Docker's default list; a list in the request, even an empty one, replaces it (daemon/oci_linux.go).
    listed = texts(config, field) if field in config else None
    missing: list[JSON] = [] if listed is None else [path for path in closed if path not in listed]
    return {"missing": missing, "at": f"HostConfig.{field}"}


def read_newer_masks(config: Fact, host: HostMoment) -> Fact:
    """What newer versions mask and a list leaves open; nothing without a list, where the daemon uses its default."""
    missing: list[JSON] = []
    listed = texts(config, "MaskedPaths")
    if set(MASKED) <= set(listed):
        if _INTERRUPTS not in listed:
            missing.append(_INTERRUPTS)
        if not any(map(_ANY_THERMAL.fullmatch, listed)) and host.find_entry(_THERMAL).kind != "missing":
            missing.append(_THERMAL)
    return {"missing": missing, "at": "HostConfig.MaskedPaths"}


def _read_capabilities(holder: Fact, fields: tuple[str, str], above: str) -> Fact:
    """What is added and dropped, by these fields, each name in one spelling."""
    return {
        what: [
            {"name": spell_capability(name), "at": f"{above}.{field}[{index}]"}
            for index, name in enumerate(texts(holder, field))
        ]
        for what, field in zip(("add", "drop"), fields, strict=True)
    }


def spell_capability(name: str) -> str:
    """Upper case and without CAP_ (moby oci/caps/utils.go, NormalizeLegacyCapabilities)."""
    # strings.ToUpper maps rune by rune and leaves alone what has no single capital (ß); str.upper() would write SS.
    return "".join(upper if len(upper := rune.upper()) == 1 else rune for rune in name).removeprefix("CAP_")
