"""What a volume driver's options mean: driver name and options in, a part of a mount fact out.

A volume of the local driver is whatever mount(2) makes of its options (moby volume/local/local_unix.go, mount), so it
can be a bind of any host path, a tmpfs, an overlay over host folders or a disk.
"""

from collections.abc import Iterator, Mapping

from portero.decide.facts import tmpfs
from portero.decide.facts.host_paths import clean_without_climbing
from portero.decide.facts.mount import resolve_sources
from portero.decide.interfaces.host import HostMoment
from portero.decide.values.json_fields import Fact
from portero.decide.values.path import is_absolute

LOCAL = "local"

# moby/sys mount/flags_unix.go: what dockerd takes out of `o` as a flag of mount(2) and does not hand to the filesystem;
# but for bind and rbind, which look at no other option.
# fmt: off
_FLAGS = frozenset({
    "ro", "rw", "suid", "nosuid", "dev", "nodev", "exec", "noexec", "sync", "async", "dirsync", "remount",
    "mand", "nomand", "atime", "noatime", "diratime", "nodiratime",
    "unbindable", "runbindable", "private", "rprivate", "shared", "rshared",
    "slave", "rslave", "relatime", "norelatime", "strictatime", "nostrictatime",
})
# fmt: on
# The most dangerous first: mount(2) is called with each of them.
_PROPAGATION = ("rshared", "shared", "rslave", "slave", "rprivate", "private")
# Options of overlay that hold host folders (Linux fs/overlayfs/params.c); a relative one starts at dockerd's folder.
_LAYERS = frozenset({"lowerdir", "lowerdir+", "datadir+", "upperdir", "workdir"})
# The device is a server's name here, even where it begins with a slash.
_SERVERS = frozenset({"nfs", "nfs4", "cifs", "smb3"})


def read_options(name: str, options: Mapping[str, str], at: str, host: HostMoment) -> Fact:
    """The part of a mount fact that the driver decides; name "" is the local driver (moby volume/service/store.go)."""
    shown: Fact = {"type": options.get("type", "").lower(), "device": options.get("device", ""), "names": [*options]}
    driver: Fact = {"driver": name or LOCAL, "driverOptions": shown}
    if not options:
        return driver
    flags = tmpfs.split_options(options.get("o", ""), at)
    driver |= {"via": "driver-options", "options": [*flags]}
    return driver | _read_local(options, flags, at, host) if is_local(name) else driver


def is_local(name: str) -> bool:
    """Whether the driver of dockerd itself takes these options."""
    return name in ("", LOCAL)


def _read_local(options: Mapping[str, str], flags: list[str], at: str, host: HostMoment) -> Fact:
    filesystem, device = options.get("type", ""), options.get("device", "")
    propagation = next((mode for mode in _PROPAGATION if mode in flags), "")
    # A read-only rbind leaves the mounts below it as they are (mount(2)).
    writable = not tmpfs.is_read_only(flags) or "rbind" in flags
    fact: Fact = {"writable": writable, "propagation": propagation}
    # With MS_BIND the kernel looks at no filesystem type; people write none and bind for a bind.
    if "bind" in flags or "rbind" in flags or (filesystem in ("", "none", "bind") and is_absolute(device)):
        source = clean_without_climbing(device, at)
        return fact | {"type": "bind", "source": source} | resolve_sources([source], at, host)
    if filesystem == "tmpfs":
        return fact | {"type": "tmpfs", "sizeBytes": tmpfs.find_size(flags)}
    # The device may be a server, or just a name ("overlay").
    is_path = filesystem not in _SERVERS and (is_absolute(device) or ("/" in device and ":" not in device))
    paths = [*([device] if is_path else []), *_list_option_paths(flags)]
    return fact | resolve_sources(list(dict.fromkeys(clean_without_climbing(path, at) for path in paths)), at, host)


def _list_option_paths(options: list[str]) -> Iterator[str]:
    """Host paths inside `o`: overlay's layers as the kernel reads them, and every absolute path of other options."""
    handed_on = [option for option in options if option not in _FLAGS]
    for option in _split(",".join(handed_on), ","):
        name, _, value = option.partition("=")
        if name in _LAYERS:
            yield from filter(None, map(_unescape, _split(value, ":")))
    for option in handed_on:
        name, _, value = option.partition("=")
        if name not in _LAYERS:
            yield from filter(is_absolute, (value or name).split(":"))


def _split(text: str, separator: str) -> Iterator[str]:
    """Parts between separators that no backslash escapes; backslashes stay (fs/overlayfs/params.c, ovl_next_opt)."""
    start, index = 0, 0
    while index < len(text):
        if text[index] == "\\":
            index += 1
        elif text[index] == separator:
            yield text[start:index]
            start = index + 1
        index += 1
    yield text[start:]


def _unescape(text: str) -> str:
    """Without escapes, as overlay drops them: /e\\tc is /etc to the kernel."""
    plain = ""
    characters = iter(text)
    for character in characters:
        plain += next(characters, "") if character == "\\" else character
    return plain
