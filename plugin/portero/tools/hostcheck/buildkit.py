"""Facts of builds with BuildKit: what they may ask of this host, by daemon.json, CDI specifications and root's keys."""

from collections.abc import Iterable, Iterator

from portero.decide.values.json_fields import JSON, Fact, to_object, to_texts
from portero.observe.dockerd.daemon_defaults import are_off
from portero.observe.dockerd.device_policy import find_commit_access, find_device_access
from portero.observe.dockerd.proc import is_older
from portero.observe.dockerd.visible_dockerd import VisibleDockerd
from portero.observe.files.chroot import Files
from portero.tools.hostcheck.daemon_info import Info
from portero.tools.hostcheck.daemon_settings import Configuration
from portero.tools.hostcheck.fact import UNKNOWN, make_fact, make_unknown, observe
from portero.tools.hostcheck.kernel import read_mounts

# Where dockerd looks for them (moby daemon/config/config_linux.go, CDISpecDirs); a rootless one of 29.2 and later looks
# in its XDG_CONFIG_HOME and XDG_RUNTIME_DIR, too (measured on 29.7).
_CDI_FOLDERS = ("/etc/cdi", "/var/run/cdi")
# Any value grants the device to every build (BuildKit solver/llbsolver/cdidevices/manager.go).
_AUTOALLOW = "org.mobyproject.buildkit.device.autoallow"
_KEY = "PRIVATE KEY-----"
_BOUNDS = ("policy", "defaultKeepStorage", "defaultReservedSpace", "defaultMaxUsedSpace", "defaultMinFreeSpace")


def collect_facts(
    files: Files, process: VisibleDockerd | None, configuration: Configuration, info: Info
) -> dict[str, JSON]:
    """The part `builds` of the host document."""
    daemon = configuration.daemon
    keys = f"{daemon.user_folder if daemon and daemon.user_folder else '/root'}/.ssh"
    return {
        "entitlements": _find_entitlements(files, process, configuration),
        "deviceAccess": _find_device_access(files, configuration),
        "containerdAccess": _find_containerd_access(files, configuration, info),
        "autoallowed": _find_autoallowed(files, configuration, info),
        "privateKeys": observe(keys, lambda: [*_find_files(files, (keys,), _KEY)]),
        "cgroupParent": configuration.read_text("cgroup-parent", ""),
        "cacheBounded": _is_bounded(configuration),
    }


def _find_entitlements(files: Files, process: VisibleDockerd | None, configuration: Configuration) -> Fact:
    at = f"{configuration.file} builder.entitlements"
    if configuration.content is None:
        return make_unknown(at)
    if not are_off(configuration.content):
        return make_fact("on", at)
    if process is None:
        return make_fact("off", at)  # for the next dockerd
    if (started := process.started) is None:
        return make_unknown(at)
    return observe(
        at, lambda: "off" if is_older(files.outside("/"), configuration.file, started) else "off-after-restart"
    )


def _find_device_access(files: Files, configuration: Configuration) -> Fact:
    at = "control group and temporary folder of dockerd"
    if (daemon := configuration.daemon) is None:
        return make_unknown(at)
    proc = files.outside("/proc")
    # "unknown" is unknown to the host rules, too.
    return observe(at, lambda: find_device_access(daemon, files, read_mounts(files, str(daemon.pid)), proc))


def _find_containerd_access(files: Files, configuration: Configuration, info: Info) -> Fact:
    """Closed also where dockerd has its own store, or its own containerd, which is in its control group."""
    at = "control group of containerd"
    store, daemon = info.read_fact("DriverStatus", list), configuration.daemon
    if daemon is None or not isinstance(store["value"], list):
        return make_unknown(at)
    proc = files.outside("/proc")
    return observe(at, lambda: find_commit_access(daemon, files, info.answer, proc))


def _find_autoallowed(files: Files, configuration: Configuration, info: Info) -> Fact:
    """By the folders that dockerd reports; one that reports none, before 28, has no CDI devices for builds."""
    reported, configured = info.read_fact("CDISpecDirs", list), configuration.read_texts("cdi-spec-dirs")
    folders = to_texts(reported["value"]) or to_texts(configured["value"])
    rootless = configuration.daemon is not None and configuration.daemon.rootless
    if not folders and reported["value"] == UNKNOWN and (rootless or configuration.content is None):
        return make_unknown(f"{reported['at']}, {configured['at']}")
    searched = folders or _CDI_FOLDERS
    return observe(", ".join(searched), lambda: [*_find_files(files, searched, _AUTOALLOW)])


def _find_files(files: Files, folders: Iterable[str], text: str) -> Iterator[str]:
    """The files directly in these folders that hold a text."""
    for folder in folders:
        for path in (f"{folder}/{name}" for name in files.list_names(folder)):
            if files.is_file(path) and text in files.read_text(path):
                yield path


def _is_bounded(configuration: Configuration) -> Fact:
    """Whether old layers are deleted at a size that the site chose. Engines before 27 need `enabled` as well."""
    at = f"{configuration.file} builder.gc"
    if configuration.content is None:
        return make_unknown(at)
    collected = to_object(to_object(configuration.content.get("builder")).get("gc"))
    return make_fact(collected.get("enabled") is True and any(collected.get(name) for name in _BOUNDS), at)
