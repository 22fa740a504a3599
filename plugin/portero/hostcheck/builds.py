"""Facts of builds with BuildKit: what they may ask of this host, by daemon.json, CDI specifications and root's keys."""

from collections.abc import Iterator
from typing import cast

from portero.host.build_entitlements import are_off
from portero.host.file_age import is_older
from portero.hostcheck.configuration import Configuration
from portero.hostcheck.fact import fact, observed, unknown
from portero.hostcheck.files import Files
from portero.hostcheck.process import DockerdProcess
from portero.types import JSON, Fact

# Where dockerd looks for them (moby daemon/config/config_linux.go, CDISpecDirs).
_CDI_FOLDERS = ("/etc/cdi", "/var/run/cdi")
# Any value grants the device to every build (BuildKit solver/llbsolver/cdidevices/manager.go).
_AUTOALLOW = "org.mobyproject.buildkit.device.autoallow"
_KEY = "PRIVATE KEY-----"
_BOUNDS = ("policy", "defaultKeepStorage", "defaultReservedSpace", "defaultMaxUsedSpace", "defaultMinFreeSpace")


def facts(files: Files, process: DockerdProcess | None, configuration: Configuration) -> dict[str, JSON]:
    """The part `builds` of the host document."""
    daemon = configuration.daemon
    keys = f"{daemon.user_folder if daemon and daemon.user_folder else '/root'}/.ssh"
    folders = configuration.texts("cdi-spec-dirs")
    searched = cast("list[str]", folders["value"]) if isinstance(folders["value"], list) else ()
    return {
        "entitlements": _find_entitlements(files, process, configuration),
        "autoallowed": observed(
            ", ".join(searched or _CDI_FOLDERS), lambda: [*_find_files(files, searched or _CDI_FOLDERS, _AUTOALLOW)]
        ),
        "privateKeys": observed(keys, lambda: [*_find_files(files, (keys,), _KEY)]),
        "cgroupParent": configuration.text("cgroup-parent", ""),
        "cacheBounded": _is_bounded(configuration),
    }


def _find_entitlements(files: Files, process: DockerdProcess | None, configuration: Configuration) -> Fact:
    at = f"{configuration.file} builder.entitlements"
    if configuration.content is None:
        return unknown(at)
    if not are_off(configuration.content):
        return fact("on", at)
    if process is None:
        return fact("off", at)  # for the next dockerd
    return observed(at, lambda: "off" if _is_in_force(files, process.pid, configuration.file) else "off-after-restart")


def _is_in_force(files: Files, pid: str, file: str) -> bool:
    words = files.text(f"/proc/{pid}/stat").rpartition(")")[2].split()
    if len(words) < 20:
        raise ValueError(f"/proc/{pid}/stat shows no start")
    # The fields after the name in brackets begin with the third; the start is the 22nd (proc(5)).
    return is_older(files.outside("/"), file, int(words[19]))


def _find_files(files: Files, folders: "tuple[str, ...] | list[str]", text: str) -> Iterator[str]:
    """The files directly in these folders that hold a text."""
    for folder in folders:
        for path in (f"{folder}/{name}" for name in files.names(folder)):
            if files.is_file(path) and text in files.text(path):
                yield path


def _is_bounded(configuration: Configuration) -> Fact:
    """Whether old layers are deleted at a size that the site chose. Engines before 27 need `enabled` as well."""
    at = f"{configuration.file} builder.gc"
    if configuration.content is None:
        return unknown(at)
    builder = configuration.content.get("builder")
    collected = builder.get("gc") if isinstance(builder, dict) else None
    bounded = isinstance(collected, dict) and collected.get("enabled") is True
    return fact(bounded and any(cast("dict[str, JSON]", collected).get(name) for name in _BOUNDS), at)
