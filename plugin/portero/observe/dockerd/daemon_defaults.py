"""The defaults that dockerd gives to containers, networks and builds: daemon.json in, a frozen value out.

dockerd does not start with a setting of a wrong type, so such a setting counts as absent.
"""

import hashlib
from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import TypeGuard, cast

from portero.decide.interfaces.daemon import DaemonDefaults, Seccomp, Ulimit
from portero.decide.values.go_values import parse_ram_size
from portero.decide.values.json_fields import JSON, to_object, to_text
from portero.decide.values.json_objects import load_json

_ENTITLEMENTS = ("network-host", "security-insecure", "device")
_INT64 = range(-(2**63), 2**63)
# moby daemon/daemon_unix.go, setupRemappedRoot: dockerd only logs that root cannot be remapped to itself.
_ROOT = frozenset({"root", "0"})
# The user whom `default` stands for (moby daemon/daemon_unix.go, defaultRemappedID).
_DEFAULT = ("default", "dockremap")
SUBUID = "/etc/subuid"


def make_defaults(
    settings: Mapping[str, JSON], read_content: Callable[[str], bytes | None] = lambda _: None
) -> DaemonDefaults:
    """The defaults in the content of daemon.json.

    `read_content`: the content of a file of the host; None: there is no such file. Its errors pass. `entitlements` is
    what the settings have, in force or not.
    """
    networks, remap = to_object(settings.get("default-network-opts")), to_text(settings.get("userns-remap"))
    seccomp, sha256 = _read_seccomp(to_text(settings.get("seccomp-profile")), read_content)
    subuid = (read_content(SUBUID) if remap else None) or b""
    return DaemonDefaults(
        log_driver=to_text(settings.get("log-driver")),
        log_options=MappingProxyType(_read_texts(settings.get("log-opts"))),
        ulimits=tuple(_read_ulimits(settings)),
        no_new_privileges=settings.get("no-new-privileges") is True,
        runtime=to_text(settings.get("default-runtime")),
        # Only these values are valid (moby daemon/config/config_linux.go, verifyDefaultIpcMode and its sibling).
        cgroup_namespace=_choose_valid(to_text(settings.get("default-cgroupns-mode")), "private", "host"),
        ipc_mode=_choose_valid(to_text(settings.get("default-ipc-mode")), "private", "shareable"),
        shm_size=parse_ram_size(to_text(settings.get("default-shm-size"))),
        user_namespaces=remaps_root(remap, subuid.decode(errors="replace")),
        seccomp=seccomp,
        seccomp_sha256=sha256,
        entitlements="off" if are_off(settings) else "on",
        network_options=MappingProxyType(
            {name: MappingProxyType(_read_texts(each)) for name, each in networks.items()}
        ),
    )


def parse_settings(data: bytes) -> dict[str, JSON]:
    """The content of daemon.json; raises ValueError when it is not a JSON object.

    dockerd takes an empty file for {}, skips a byte order mark, and of two equal names it takes the last one. Names are
    exact (moby daemon/config/config.go).
    """
    text = data.decode("utf-8-sig")
    settings = load_json(text) if text.strip() else None
    if settings is not None and not isinstance(settings, dict):
        raise ValueError("not an object")
    return settings or {}


def _read_ulimits(settings: Mapping[str, JSON]) -> Iterator[Ulimit]:
    for name, limit in to_object(settings.get("default-ulimits")).items():
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


def _read_seccomp(profile: str, read_content: Callable[[str], bytes | None]) -> tuple[Seccomp, str | None]:
    """The words are exact (daemon/seccomp_linux.go); all else is the path of a profile."""
    if profile in ("", "builtin", "unconfined"):
        return cast(Seccomp, profile), None
    content = read_content(profile) if profile.startswith("/") else None
    return "custom", None if content is None else hashlib.sha256(content).hexdigest()


def _choose_valid(value: str, *valid: str) -> str:
    return value if value in valid else ""


def _read_texts(value: JSON) -> dict[str, str]:
    """The texts of an object; values of another type are left out."""
    return {name: text for name, text in to_object(value).items() if isinstance(text, str)}


# systemd's UIDS-GIDS.md; login.defs(5) has 100000 as SUB_UID_MIN.
_BEYOND_LAST_UID = 65536


def remaps_root(value: str, subuid: str) -> bool:
    """Whether root in a container is another user on the host. `value`: of userns-remap, user[:group] or empty.

    A range that begins at host ID 0 maps root to root, and one that begins at a person's ID to that person: dockerd
    says nothing of it. Accounts have IDs below 65536 (systemd, UIDS-GIDS). Where the user is a number, any such range
    in the file counts.
    """
    user = value.partition(":")[0]
    if user == "" or user in _ROOT:
        return False
    name = _DEFAULT[1] if user == _DEFAULT[0] else user
    lines = [line.strip().split(":") for line in subuid.splitlines()]
    starts = [fields[1] for fields in lines if len(fields) == 3 and (name.isdecimal() or fields[0] == name)]
    return not any(start.isdecimal() and int(start) < _BEYOND_LAST_UID for start in starts)


def are_off(settings: Mapping[str, JSON]) -> bool:
    """Whether this content of daemon.json refuses builds the host's network, all privileges and its devices.

    BuildKit grants all to builds that ask, unless `builder.entitlements` refuses them. dockerd reads it at its start
    only: a reload changes nothing (measured on 28.5.2), so it counts when the file is older than that dockerd. Below
    the top level Go takes a name in any case (moby daemon/config/builder.go); such a second name counts as on.
    """
    entitlements = _find_one(settings.get("builder"), "entitlements")
    return all(_find_one(entitlements, name) is False for name in _ENTITLEMENTS)


def _find_one(value: JSON, name: str) -> JSON:
    """The member of this name; None: there is none, or another that Go reads as the same."""
    if not isinstance(value, dict) or [key.casefold() for key in value].count(name) != 1:
        return None
    return value.get(name)
